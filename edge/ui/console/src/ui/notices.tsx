import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { Problem } from "../api/client";
import { IconButton } from "./button";

interface Notice {
  n: number;
  text: string;
  bad: boolean;
  request: string | null;
}

const MOST = 4;
const SHOWN_MS = 6_000;
const listeners = new Set<() => void>();
let notices: Notice[] = [];
let count = 0;

function set(next: Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

function add(notice: Omit<Notice, "n">): void {
  const n = ++count;
  set([...notices, { ...notice, n }].slice(-MOST));
  // An error stays until it has been read.
  if (!notice.bad) setTimeout(() => set(notices.filter((other) => other.n !== n)), SHOWN_MS);
}

export function say(text: string): void {
  add({ text, bad: false, request: null });
}

export function complain(what: string, cause: unknown): void {
  const { detail, request_id } = Problem.of(cause).document;
  add({ text: `${what}: ${detail}`, bad: true, request: request_id ?? null });
}

export function Notices() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
  return (
    <section
      aria-label="Notices"
      aria-live="polite"
      className="pointer-events-none fixed right-4 bottom-4 z-50 flex w-96 max-w-[calc(100vw-2rem)] flex-col gap-2"
    >
      {shown.map((notice) => (
        <div
          key={notice.n}
          className="pointer-events-auto flex items-start gap-3 rounded-lg border border-line bg-raised py-2 pr-2 pl-4 shadow-lg"
        >
          {notice.bad ? (
            <TriangleAlert size={16} className="mt-2 shrink-0 text-bad" aria-hidden />
          ) : (
            <CircleCheck size={16} className="mt-2 shrink-0 text-good" aria-hidden />
          )}
          <div className="min-w-0 grow py-1.5">
            <p className="break-words first-letter:uppercase">{notice.text}</p>
            {notice.request && (
              <p className="font-mono text-xs break-all text-muted">request {notice.request}</p>
            )}
          </div>
          <IconButton label="Dismiss" onClick={() => set(notices.filter((other) => other.n !== notice.n))}>
            <X size={16} aria-hidden />
          </IconButton>
        </div>
      ))}
    </section>
  );
}
