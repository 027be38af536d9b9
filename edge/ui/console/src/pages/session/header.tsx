import { Link, useRouter } from "@tanstack/react-router";
import { Camera, ChevronLeft, Link2, Power } from "lucide-react";
import { useState } from "react";
import { json, sessionPath } from "../../api/client";
import type { Session } from "../../api/types";
import { Button, IconButton } from "../../ui/button";
import { copy } from "../../ui/copy";
import { Confirm } from "../../ui/dialog";
import { age, shortId } from "../../ui/format";
import { Menu, MenuItem } from "../../ui/menu";
import { complain, say } from "../../ui/notices";
import { useNow } from "../../ui/now";
import { ControlMark, StateMark } from "../../ui/state";
import { endAll } from "../sessions/end";
import type { Pictures } from "./pictures";

export function Header({ session, pictures }: { session: Session; pictures: Pictures }) {
  const [ending, setEnding] = useState(false);
  const live = session.state !== "ended";
  const title = session.name ?? shortId(session.id);
  return (
    <header className="flex min-h-14 shrink-0 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 max-sm:px-2">
      <div className="flex min-w-0 items-center gap-2">
        <Link
          to="/sessions"
          aria-label="All sessions"
          className="flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-ink"
        >
          <ChevronLeft size={16} aria-hidden />
        </Link>
        <h1
          className={`truncate text-base font-semibold ${session.name ? "" : "font-mono"}`}
          title={session.id}
        >
          {title}
        </h1>
      </div>
      <StateMark session={session} />
      {live && <ControlMark control={session.control} />}
      <Life session={session} />
      <span className="grow" />
      <div className="flex gap-2">
        {session.state === "ready" && (
          <IconButton
            label="Take a picture"
            kind="plain"
            disabled={pictures.busy}
            onClick={() => void pictures.take()}
          >
            <Camera size={16} aria-hidden />
          </IconButton>
        )}
        <Addresses session={session} />
        {live && (
          <Button kind="danger" onClick={() => setEnding(true)}>
            <Power size={16} aria-hidden /> End
          </Button>
        )}
      </div>
      <Confirm
        open={ending}
        close={() => setEnding(false)}
        title="End this session?"
        about={
          <p>
            <strong className="text-ink">{title}</strong> The browser closes. What is in its pages and its
            downloads is lost.
          </p>
        }
        action="End session"
        confirm={() => void endAll([session.id])}
      />
    </header>
  );
}

function Life({ session }: { session: Session }) {
  const now = useNow();
  const until = session.ended_at ? Date.parse(session.ended_at) : now;
  return (
    <span className="text-muted" title={`Created ${new Date(session.created_at).toLocaleString()}`}>
      {age(until - Date.parse(session.created_at))}
    </span>
  );
}

const LINK_S = 3_600;

function Addresses({ session }: { session: Session }) {
  const router = useRouter();
  const give = async (what: string, text: string) => {
    if (await copy(text)) say(`${what} copied`);
  };
  const share = async (access: "view" | "control") => {
    try {
      const body = { access, expires_in_s: LINK_S };
      const { url } = await json<{ url: string }>("POST", sessionPath(session.id, "/links"), { body });
      await give(
        access === "view"
          ? "A link to watch, good for an hour,"
          : "A link to take control, good for an hour,",
        url,
      );
    } catch (cause) {
      complain("No link", cause);
    }
  };
  const { urls } = session;
  const here = new URL(
    router.buildLocation({ to: "/sessions/$id", params: { id: session.id } }).href,
    location.origin,
  );
  return (
    <Menu
      trigger={
        <Button>
          <Link2 size={16} aria-hidden /> Copy
        </Button>
      }
    >
      <MenuItem pick={() => void give("The id", session.id)}>Session id</MenuItem>
      <MenuItem pick={() => void give("The address", here.href)}>Address of this page</MenuItem>
      {urls && session.state !== "ended" && (
        <>
          <MenuItem pick={() => void give("The CDP address", urls.cdp)}>CDP address</MenuItem>
          <MenuItem pick={() => void give("The WebSocket address", urls.ws)}>WebSocket address</MenuItem>
          <MenuItem pick={() => void give("The view's address", urls.view)}>Live view</MenuItem>
          <MenuItem pick={() => void give("The VNC page's address", urls.vnc)}>VNC page</MenuItem>
          <MenuItem pick={() => void share("view")}>Link to watch, for others</MenuItem>
          <MenuItem pick={() => void share("control")}>Link to take control, for others</MenuItem>
        </>
      )}
    </Menu>
  );
}
