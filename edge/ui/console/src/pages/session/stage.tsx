import { CircleOff, Hourglass } from "lucide-react";
import type { Session } from "../../api/types";
import { Empty } from "../../ui/empty";
import { age, duration, plural } from "../../ui/format";
import { useNow } from "../../ui/now";
import { LiveView } from "./live-view";

/** The session's page, or why there is none to see. */
export function Stage({ session }: { session: Session }) {
  switch (session.state) {
    case "queued":
      return <Waiting session={session} />;
    case "starting":
      return (
        <div className="size-full p-4">
          <div className="skeleton flex size-full items-center justify-center" role="status">
            The browser is starting
          </div>
        </div>
      );
    case "ready":
    case "recovering":
    case "closing":
      return <LiveView id={session.id} />;
    case "ended":
      return <Ended session={session} />;
  }
}

function Waiting({ session }: { session: Session }) {
  const now = useNow();
  const left = Date.parse(session.expires_at) - now;
  return (
    <Empty icon={<Hourglass size={32} aria-hidden />} title="Waiting for a free slot">
      <p role="status">
        {session.queue ? `Place ${session.queue.position} in the queue` : "In the queue"}, for{" "}
        {age(now - Date.parse(session.created_at))}
        {left > 0 ? `; given up in ${age(left)}` : ""}
      </p>
    </Empty>
  );
}

function Ended({ session }: { session: Session }) {
  const lived = session.ended_at ? Date.parse(session.ended_at) - Date.parse(session.created_at) : null;
  const reason = session.end_reason?.replaceAll("_", " ") ?? "unknown";
  return (
    <Empty icon={<CircleOff size={32} aria-hidden />} title={`This session has ended: ${reason}`}>
      {session.end_detail && <p>{session.end_detail}</p>}
      <p>
        {lived === null ? "" : `It lived for ${duration(lived)}, `}
        {plural(session.tabs.length, "tab")} at the end. What it did stands in the timeline.
      </p>
    </Empty>
  );
}
