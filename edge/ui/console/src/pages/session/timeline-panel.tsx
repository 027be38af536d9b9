import {
  AppWindow,
  CircleDot,
  Download,
  Globe,
  Hand,
  ListTree,
  type LucideIcon,
  MessageSquare,
  Play,
  TriangleAlert,
} from "lucide-react";
import type { Entry } from "../../live/feed";
import { Empty } from "../../ui/empty";
import { clock } from "../../ui/format";
import { describe, type Sign, type Tone } from "./describe";
import { Log } from "./log";

const ICONS: Record<Sign, LucideIcon> = {
  step: Play,
  page: Globe,
  tab: AppWindow,
  file: Download,
  dialog: MessageSquare,
  control: Hand,
  life: CircleDot,
  trouble: TriangleAlert,
};

const TONES: Record<Tone, string> = {
  plain: "text-muted",
  good: "text-good",
  warn: "text-warn",
  bad: "text-bad",
  accent: "text-accent",
};

export function TimelinePanel({ entries, down }: { entries: readonly Entry[]; down: boolean }) {
  if (entries.length === 0) {
    return (
      <Empty icon={<ListTree size={32} aria-hidden />} title={down ? "Reconnecting" : "Nothing has happened"}>
        <p>
          Commands, pages, tabs, downloads, dialogs and changes of control show up here. The log keeps 24
          hours.
        </p>
      </Empty>
    );
  }
  return (
    <Log
      items={entries}
      label="Timeline"
      height={40}
      keyOf={(entry) => entry.n}
      row={(entry) => <Row entry={entry} />}
    />
  );
}

function Row({ entry }: { entry: Entry }) {
  const { sign, tone, title, detail, took } = describe(entry.event);
  const Icon = ICONS[sign];
  return (
    <div className="flex gap-3 px-4 py-2">
      <Icon size={16} className={`mt-0.5 shrink-0 ${TONES[tone]}`} aria-hidden />
      <div className="min-w-0 grow">
        <p className={`break-words ${sign === "step" ? "font-mono text-xs leading-5" : ""}`}>{title}</p>
        {detail && (
          <p className={`text-xs leading-4 break-words ${tone === "bad" ? "text-bad" : "text-muted"}`}>
            {detail}
          </p>
        )}
      </div>
      {took && <span className="shrink-0 text-muted">{took}</span>}
      <time dateTime={entry.event.time} className="shrink-0 text-xs leading-5 text-muted">
        {clock(entry.event.time)}
      </time>
    </div>
  );
}
