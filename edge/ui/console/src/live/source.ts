import type { SessionEvent } from "../api/types";

const TYPES = [
  "created",
  "queued",
  "ready",
  "step",
  "navigated",
  "tab",
  "download",
  "dialog",
  "control_changed",
  "recovering",
  "recovered",
  "error",
  "ended",
  "console",
  "network",
];

export interface Source {
  close(): void;
}

export interface Listener {
  open(): void;
  event(event: SessionEvent, id: string | null): void;
  /** The stream is down; it is tried again until it is closed. */
  down(): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * A stream of events that comes back by itself. `EventSource` gives up where the server answers anything but a stream,
 * as a gateway does that is just starting.
 */
export function follow(path: string, after: string | null, listener: Listener): Source {
  let last = after;
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;

  const connect = () => {
    source = new EventSource(last === null ? path : `${path}?after=${encodeURIComponent(last)}`);
    source.onopen = () => {
      wait = FIRST_WAIT_MS;
      listener.open();
    };
    source.onerror = () => {
      listener.down();
      source?.close();
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
    const hear = (message: MessageEvent<string>) => {
      // What is live only has no id; the browser then repeats the one before.
      if (message.lastEventId !== "") last = message.lastEventId;
      listener.event(JSON.parse(message.data) as SessionEvent, message.lastEventId || null);
    };
    for (const type of TYPES) source.addEventListener(`session:${type}`, hear);
  };
  connect();
  return {
    close: () => {
      clearTimeout(timer);
      source?.close();
    },
  };
}
