import { Terminal } from "lucide-react";
import type { Entry } from "../../live/feed";
import { Empty } from "../../ui/empty";
import { clock, plural } from "../../ui/format";
import { Log } from "./log";

const LEVELS: Record<string, string> = {
  error: "bg-bad-soft text-bad",
  assert: "bg-bad-soft text-bad",
  warning: "text-warn",
  warn: "text-warn",
  debug: "text-muted",
};

export function ConsolePanel({ entries, left_out }: { entries: readonly Entry[]; left_out: number }) {
  if (entries.length === 0) {
    return (
      <Empty icon={<Terminal size={32} aria-hidden />} title="The console is quiet">
        <p>What pages write to their console shows up here while this page is open. It is not kept.</p>
      </Empty>
    );
  }
  return (
    <div className="flex h-full flex-col">
      <LeftOut count={left_out} />
      <div className="min-h-0 grow">
        <Log
          items={entries}
          label="Console"
          height={28}
          keyOf={(entry) => entry.n}
          row={({ event: { time, data } }) => (
            <div className={`flex gap-3 border-b border-line px-4 py-1 ${LEVELS[data.level] ?? ""}`}>
              <span className="sr-only">{data.level}</span>
              <p className="min-w-0 grow font-mono text-xs leading-5 break-words whitespace-pre-wrap">
                {data.text}
              </p>
              <time dateTime={time} className="shrink-0 text-xs leading-5 text-muted">
                {clock(time)}
              </time>
            </div>
          )}
        />
      </div>
    </div>
  );
}

export function LeftOut({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <p className="shrink-0 border-b border-line px-4 py-1 text-warn">
      {plural(count, "message")} left out: there were more than 50 a second.
    </p>
  );
}
