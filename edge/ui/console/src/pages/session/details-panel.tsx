import { useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { request, sessionPath } from "../../api/client";
import { sessionQuery } from "../../api/queries";
import type { Session, Tab } from "../../api/types";
import { IconButton } from "../../ui/button";
import { CopyButton } from "../../ui/copy";
import { age, duration, shortUrl } from "../../ui/format";
import { complain } from "../../ui/notices";
import { useNow } from "../../ui/now";

export function DetailsPanel({ session }: { session: Session }) {
  const { viewport } = session;
  const traits = [viewport.mobile ? "mobile" : "", viewport.touch ? "touch" : ""].filter(Boolean).join(", ");
  const scale = viewport.scale && viewport.scale !== 1 ? ` at ${viewport.scale}×` : "";
  const labels = Object.entries(session.labels);
  return (
    <div className="scroll-quiet h-full overflow-y-auto p-4">
      <TabList session={session} />
      <h2 className="mt-6 mb-2 font-semibold">Session</h2>
      <dl>
        <Fact name="Id">
          <span className="font-mono text-xs break-all">{session.id}</span>
          <CopyButton text={session.id} label="Copy the id" />
        </Fact>
        <Fact name="Labels">
          {labels.length === 0 ? "–" : labels.map(([key, value]) => `${key}:${value}`).join("  ")}
        </Fact>
        <Fact name="Worker">{session.worker ?? "–"}</Fact>
        <Fact name="Owners so far">{session.epoch}</Fact>
        <Fact name="Region, pool">{`${session.region}, ${session.pool}`}</Fact>
        <Fact name="Browser">{`${session.browser}, isolated by ${session.isolation}`}</Fact>
        <Fact name="Viewport">{`${viewport.width} × ${viewport.height}${scale}${traits ? `, ${traits}` : ""}`}</Fact>
        <Fact name="Created">{new Date(session.created_at).toLocaleString()}</Fact>
        <Fact name="In the queue">{duration(session.timings.queued_ms)}</Fact>
        <Fact name="Started in">{session.ready_at ? duration(session.timings.start_ms) : "–"}</Fact>
        <Fact name={session.state === "ended" ? "Ended" : "Ends"}>
          <End session={session} />
        </Fact>
        <Fact name="Tenant">{session.tenant}</Fact>
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-8 items-center gap-4 border-t border-line py-1">
      <dt className="w-28 shrink-0 text-muted">{name}</dt>
      <dd className="flex min-w-0 grow items-center gap-2 break-words">{children}</dd>
    </div>
  );
}

function End({ session }: { session: Session }) {
  const now = useNow();
  if (session.ended_at) return new Date(session.ended_at).toLocaleString();
  const left = Date.parse(session.expires_at) - now;
  return left > 0 ? `in ${age(left)}, or earlier if idle` : "now";
}

function TabList({ session }: { session: Session }) {
  const client = useQueryClient();
  const live = session.state === "ready";
  const act = async (tab: Tab, method: string, rest: string) => {
    try {
      await request(
        method,
        sessionPath(session.id, `/tabs/${tab.n}${rest}`),
        method === "POST" ? { body: {} } : {},
      );
    } catch (cause) {
      complain(`Tab ${tab.n}`, cause);
    }
    await client.invalidateQueries({ queryKey: sessionQuery(session.id).queryKey, exact: true });
  };
  return (
    <section>
      <h2 className="mb-2 font-semibold">Tabs</h2>
      {session.tabs.length === 0 && <p className="text-muted">None yet.</p>}
      <ul>
        {session.tabs.map((tab) => (
          <li key={tab.n} className="flex min-h-12 items-center gap-3 border-t border-line">
            <span className="w-6 shrink-0 text-muted">{tab.n}</span>
            <button
              type="button"
              disabled={!live || tab.active}
              aria-current={tab.active}
              title={tab.active ? "The active tab" : "Make it the active tab"}
              onClick={() => void act(tab, "POST", "/activate")}
              className="min-w-0 grow rounded px-2 py-1 text-left enabled:hover:bg-hover"
            >
              <span className={`block truncate ${tab.active ? "font-semibold text-accent" : ""}`}>
                {tab.title || shortUrl(tab.url) || "A new tab"}
              </span>
              <span className="block truncate text-xs leading-4 text-muted" title={tab.url}>
                {shortUrl(tab.url)}
              </span>
            </button>
            {live && (
              <IconButton label={`Close tab ${tab.n}`} onClick={() => void act(tab, "DELETE", "")}>
                <X size={16} aria-hidden />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
