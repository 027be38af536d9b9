import { Link } from "@tanstack/react-router";
import { Power } from "lucide-react";
import { memo } from "react";
import type { Session } from "../../api/types";
import { IconButton } from "../../ui/button";
import { age, shortId, shortUrl } from "../../ui/format";
import { useNow } from "../../ui/now";
import { ControlMark, StateMark } from "../../ui/state";
import { COLUMNS, ROW } from "./columns";

export const ROW_HEIGHT = 48;

const [STATE, NAME, PAGE, CONTROL, WORKER, AGE] = COLUMNS.map((column) => column.look);

interface Props {
  session: Session;
  index: number;
  current: boolean;
  chosen: boolean;
  choose: (id: string, range: boolean) => void;
  focus: (id: string) => void;
  end: (session: Session) => void;
}

export const SessionRow = memo(function SessionRow(props: Props) {
  const { session, index, current, chosen } = props;
  const title = session.name ?? shortId(session.id);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-row={index}
      className={`${ROW} group h-12 border-b border-line hover:bg-hover ${chosen ? "bg-accent-soft" : ""} ${current ? "inset-ring-2 inset-ring-accent" : ""}`}
    >
      <span role="cell" className="flex w-6 shrink-0 justify-center">
        <input
          type="checkbox"
          checked={chosen}
          onChange={(event) => {
            const { nativeEvent } = event;
            props.choose(session.id, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey);
          }}
          aria-label={`Select ${title}`}
          className="size-4 accent-accent"
        />
      </span>
      <span role="cell" className={STATE}>
        <StateMark session={session} />
      </span>
      <span role="cell" className={NAME}>
        <Link
          to="/sessions/$id"
          params={{ id: session.id }}
          title={session.id}
          onFocus={() => props.focus(session.id)}
          className={`block truncate font-medium hover:underline ${session.name ? "" : "font-mono"}`}
        >
          {title}
        </Link>
        <Labels session={session} />
      </span>
      <span role="cell" className={PAGE}>
        <span className="block truncate">{session.page.title || shortUrl(session.page.url) || "–"}</span>
        <span className="block truncate text-xs leading-4 text-muted" title={session.page.url}>
          {session.page.title ? shortUrl(session.page.url) : ""}
        </span>
      </span>
      <span role="cell" className={CONTROL}>
        {session.state !== "ended" && <ControlMark control={session.control} />}
      </span>
      <span role="cell" className={`${WORKER} truncate text-muted`} title={session.worker ?? undefined}>
        {session.worker ?? "–"}
      </span>
      <span role="cell" className={`${AGE} text-muted`}>
        <Age session={session} />
      </span>
      <span role="cell" className="flex w-8 shrink-0">
        {session.state !== "ended" && (
          <IconButton
            label={`End ${title}`}
            className="text-muted hover:text-bad"
            onClick={() => props.end(session)}
          >
            <Power size={16} aria-hidden />
          </IconButton>
        )}
      </span>
    </div>
  );
});

function Labels({ session }: { session: Session }) {
  const labels = Object.entries(session.labels);
  const text = labels.map(([key, value]) => `${key}:${value}`).join("  ");
  return (
    <>
      <span className="block truncate text-xs leading-4 text-muted max-sm:hidden" title={text || undefined}>
        {session.name ? `${shortId(session.id)}  ${text}` : text}
      </span>
      <span className="block truncate text-xs leading-4 text-muted sm:hidden">
        {shortUrl(session.page.url)}
      </span>
    </>
  );
}

function Age({ session }: { session: Session }) {
  const now = useNow();
  const until = session.ended_at ? Date.parse(session.ended_at) : now;
  return age(until - Date.parse(session.created_at));
}
