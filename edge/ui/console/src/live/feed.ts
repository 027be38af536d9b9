// What happens in one session, kept while its page is open.

import type { SessionEvent } from "../api/types";
import { follow, type Source } from "./source";

export interface Entry {
  n: number;
  event: SessionEvent;
}

export interface Request {
  n: number;
  id: string;
  tab: number;
  time: string;
  method: string;
  url: string;
  resource: string;
  status: number | null;
  mime_type: string;
  error: string | null;
  took_ms: number | null;
}

export interface FeedState {
  timeline: Entry[];
  console: Entry[];
  network: Request[];
  /** Live messages that the server did not tell, because there were too many. */
  left_out: number;
  down: boolean;
}

export const MOST = 2_000;
const BATCH_MS = 100;
const EMPTY: FeedState = { timeline: [], console: [], network: [], left_out: 0, down: false };

/** What the list of requests is after a message about one: a beginning, an answer or a failure. */
export function addRequest(requests: Request[], event: SessionEvent, n: number): Request[] {
  const { data } = event;
  const at = requests.findLastIndex((request) => request.id === data.id);
  if (data.method !== undefined || at < 0) {
    const request: Request = {
      n,
      id: String(data.id ?? n),
      tab: data.tab,
      time: event.time,
      method: data.method ?? "",
      url: data.url ?? "",
      resource: data.resource ?? "",
      status: data.status ?? null,
      mime_type: data.mime_type ?? "",
      error: data.error ?? null,
      took_ms: null,
    };
    return [...requests, request].slice(-MOST);
  }
  const before = requests[at];
  if (before === undefined) return requests;
  const after: Request = {
    ...before,
    status: data.status ?? before.status,
    mime_type: data.mime_type ?? before.mime_type,
    error: data.error ?? before.error,
    took_ms: Date.parse(event.time) - Date.parse(before.time),
  };
  return requests.with(at, after);
}

export class Feed {
  private state: FeedState = EMPTY;
  private pending: SessionEvent[] = [];
  private readonly listeners = new Set<() => void>();
  private source: Source | undefined;
  private flushing: ReturnType<typeof setTimeout> | undefined;
  private count = 0;
  private readonly path: string;
  private readonly heard: (events: readonly SessionEvent[]) => void;

  /** `heard` is told of what came, a batch at a time. */
  constructor(path: string, heard: (events: readonly SessionEvent[]) => void) {
    this.path = path;
    this.heard = heard;
  }

  open(): void {
    this.state = EMPTY;
    this.source = follow(this.path, null, {
      open: () => this.set({ down: false }),
      down: () => this.set({ down: true }),
      event: (event) => {
        this.pending.push(event);
        // The stream of a session that has ended ends, and would be asked for again.
        if (event.type === "session:ended") this.source?.close();
        this.flushing ??= setTimeout(() => this.flush(), BATCH_MS);
      },
    });
  }

  close(): void {
    this.source?.close();
    clearTimeout(this.flushing);
    this.flushing = undefined;
    this.pending = [];
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get = (): FeedState => this.state;

  private flush(): void {
    this.flushing = undefined;
    const events = this.pending;
    this.pending = [];
    const timeline = [...this.state.timeline];
    const said = [...this.state.console];
    let { network, left_out } = this.state;
    for (const event of events) {
      const n = ++this.count;
      left_out += typeof event.data?.left_out === "number" ? event.data.left_out : 0;
      if (event.type === "session:console") said.push({ n, event });
      else if (event.type === "session:network") network = addRequest(network, event, n);
      else timeline.push({ n, event });
    }
    this.set({ timeline: timeline.slice(-MOST), console: said.slice(-MOST), network, left_out });
    this.heard(events);
  }

  private set(part: Partial<FeedState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}
