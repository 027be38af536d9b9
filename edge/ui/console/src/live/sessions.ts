// All sessions of the tenant: a list, kept up to date by events.

import { useSyncExternalStore } from "react";
import { json, Problem, sessionPath } from "../api/client";
import type { Session, SessionEvent, SessionList } from "../api/types";
import { leavesStale, reduce } from "./reduce";
import { follow, type Source } from "./source";

export interface Snapshot {
  sessions: Session[];
  /** `loading` until there is a first list. */
  status: "loading" | "live" | "down";
  problem: Problem | null;
  missing: string[];
  /** There are more sessions than are kept here. */
  more: boolean;
}

const PAGE = 1_000;
const MOST = 20_000;
/** Changes are shown together, so that a thousand events are one rendering. */
const BATCH_MS = 100;
/** An ended session is shown for as long as the server shows it. */
const ENDED_MS = 15 * 60_000;
/** What events do not tell, such as a title, is asked for this long after them. */
const SETTLE_MS = 700;
const ASKING_AT_ONCE = 4;
/** The list is read again now and then, should an event have been lost. */
const AGAIN_MS = 5 * 60_000;
/** A page that nobody sees gives its connection back: browsers have six for a server. */
const HIDDEN_MS = 20_000;

export class Sessions {
  private readonly known = new Map<string, Session>();
  private snapshot: Snapshot = { sessions: [], status: "loading", problem: null, missing: [], more: false };
  private readonly listeners = new Set<() => void>();
  private source: Source | undefined;
  private cursor: string | null = null;
  private flushing: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setInterval> | undefined;
  /** Events since the list was asked for, which may be newer than it. */
  private during: SessionEvent[] | null = null;
  private listing: AbortController | undefined;
  private readonly stale = new Map<string, number>();
  private watched: readonly string[] = [];
  private asking = 0;
  private pumping: ReturnType<typeof setTimeout> | undefined;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  };

  get = (): Snapshot => this.snapshot;

  /** The sessions that are on the screen: what is not known of them is asked for. */
  watch(ids: readonly string[]): void {
    this.watched = ids;
    this.pump();
  }

  retry = (): void => {
    this.disconnect();
    this.connect();
  };

  private start(): void {
    document.addEventListener("visibilitychange", this.seen);
    this.again = setInterval(() => void this.list(), AGAIN_MS);
    this.connect();
  }

  private stop(): void {
    document.removeEventListener("visibilitychange", this.seen);
    clearInterval(this.again);
    clearTimeout(this.hiding);
    clearTimeout(this.pumping);
    this.disconnect();
  }

  private readonly seen = () => {
    clearTimeout(this.hiding);
    if (document.hidden) this.hiding = setTimeout(() => this.disconnect(), HIDDEN_MS);
    else if (this.source === undefined) this.connect();
  };

  private connect(): void {
    this.source = follow("/v1/events", this.cursor, {
      open: () => void this.list(),
      event: (event, id) => this.hear(event, id),
      down: () => this.set({ status: this.snapshot.status === "loading" ? "loading" : "down" }),
    });
    // Where the stream cannot be had, the list says why.
    if (this.snapshot.status === "loading") void this.list();
  }

  private disconnect(): void {
    this.source?.close();
    this.source = undefined;
    this.listing?.abort();
  }

  private async list(): Promise<void> {
    this.listing?.abort();
    const listing = new AbortController();
    this.listing = listing;
    this.during = [];
    try {
      const { sessions, missing, more } = await listAll(listing.signal);
      this.install(sessions);
      this.set({ status: "live", problem: null, missing, more });
    } catch (cause) {
      if (listing.signal.aborted) return;
      this.set({ status: "down", problem: Problem.of(cause) });
    }
    if (this.listing === listing) this.during = null;
  }

  private install(sessions: Session[]): void {
    this.known.clear();
    for (const session of sessions) this.known.set(session.id, session);
    for (const event of this.during ?? []) this.apply(event);
  }

  private hear(event: SessionEvent, id: string | null): void {
    if (id !== null) this.cursor = id;
    this.during?.push(event);
    this.apply(event);
  }

  private apply(event: SessionEvent): void {
    const before = this.known.get(event.session);
    const after = reduce(before, event);
    if (after !== undefined && after !== before) {
      this.known.set(event.session, after);
      this.changed();
    }
    if (after?.state === "ended") this.stale.delete(event.session);
    else if (leavesStale(event) || after === undefined) this.needs(event.session);
  }

  private needs(id: string): void {
    this.stale.set(id, Date.now() + SETTLE_MS);
    this.pump();
  }

  /** Asks for those that are stale and on the screen, a few at once. */
  private pump(): void {
    clearTimeout(this.pumping);
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const id of this.watched) {
      const due = this.stale.get(id);
      if (due === undefined) continue;
      if (due > now || this.asking >= ASKING_AT_ONCE) {
        next = Math.min(next, Math.max(due, now + BATCH_MS));
        continue;
      }
      this.stale.delete(id);
      void this.ask(id);
    }
    if (Number.isFinite(next)) this.pumping = setTimeout(() => this.pump(), next - now);
  }

  private async ask(id: string): Promise<void> {
    this.asking += 1;
    try {
      const session = await json<Session>("GET", sessionPath(id));
      this.known.set(id, session);
      this.changed();
    } catch {
      // The row stays as it is; the next list knows more.
    } finally {
      this.asking -= 1;
    }
  }

  private changed(): void {
    this.flushing ??= setTimeout(() => {
      this.flushing = undefined;
      this.set({});
    }, BATCH_MS);
  }

  private set(part: Partial<Snapshot>): void {
    const old = Date.now() - ENDED_MS;
    for (const [id, session] of this.known) {
      if (session.ended_at && Date.parse(session.ended_at) < old) this.known.delete(id);
    }
    this.snapshot = { ...this.snapshot, ...part, sessions: [...this.known.values()] };
    for (const listener of this.listeners) listener();
  }
}

async function listAll(signal: AbortSignal) {
  const sessions: Session[] = [];
  const missing = new Set<string>();
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: SessionList = await json<SessionList>("GET", `/v1/sessions?limit=${PAGE}${query}`, {
      signal,
    });
    sessions.push(...page.sessions);
    for (const region of page.missing_regions ?? []) missing.add(region);
    cursor = page.next_cursor ?? null;
  } while (cursor !== null && sessions.length < MOST);
  return { sessions, missing: [...missing], more: cursor !== null };
}

export const sessions = new Sessions();

export function useSessions(): Snapshot {
  return useSyncExternalStore(sessions.subscribe, sessions.get);
}
