// Which sessions a list shows, and in which order.

import type { ControlMode, Session, State } from "../api/types";

export const SORTS = ["state", "name", "control", "page", "worker", "age"] as const;
export type Sort = (typeof SORTS)[number];

export interface Filter {
  /** Words that must all be found in its name, id, labels, page or worker. */
  q?: string;
  /** `live` is all that has not ended, and what is shown if nothing is said. */
  state?: State | "live" | "all";
  control?: ControlMode;
  sort?: Sort;
  desc?: boolean;
}

const texts = new WeakMap<Session, string>();

function text(session: Session): string {
  let known = texts.get(session);
  if (known === undefined) {
    const labels = Object.entries(session.labels).flatMap(([key, value]) => [
      `${key}:${value}`,
      `${key}=${value}`,
    ]);
    const parts = [session.name, session.id, ...labels, session.page.url, session.page.title, session.worker];
    known = parts.join("\n").toLowerCase();
    texts.set(session, known);
  }
  return known;
}

export function select(sessions: readonly Session[], filter: Filter): Session[] {
  const words = (filter.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const shown = sessions.filter(
    (session) =>
      inState(session, filter.state ?? "live") &&
      (filter.control === undefined || session.control.mode === filter.control) &&
      words.every((word) => text(session).includes(word)),
  );
  return shown.sort(order(filter.sort ?? "age", filter.desc ?? false));
}

function inState(session: Session, state: NonNullable<Filter["state"]>): boolean {
  if (state === "all") return true;
  return state === "live" ? session.state !== "ended" : session.state === state;
}

const RANK: Record<State, number> = { queued: 0, starting: 1, ready: 2, recovering: 3, closing: 4, ended: 5 };

const KEYS: Record<Exclude<Sort, "age">, (session: Session) => string> = {
  state: (session) => String(RANK[session.state]),
  name: (session) => (session.name ?? session.id).toLowerCase(),
  control: (session) => `${session.control.mode} ${session.control.holder ?? ""}`,
  page: (session) => session.page.url.toLowerCase(),
  worker: (session) => session.worker ?? "",
};

function order(sort: Sort, desc: boolean): (a: Session, b: Session) => number {
  const sign = desc ? -1 : 1;
  // Newest first; RFC 3339 in UTC sorts as text. The id decides, so that no rows change places by themselves.
  const age = (a: Session, b: Session) => compare(b.created_at, a.created_at) || compare(b.id, a.id);
  if (sort === "age") return (a, b) => sign * age(a, b);
  const key = KEYS[sort];
  return (a, b) => sign * compare(key(a), key(b)) || age(a, b);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function counts(sessions: readonly Session[]): Record<State | "live" | "all", number> {
  const counted = { queued: 0, starting: 0, ready: 0, recovering: 0, closing: 0, ended: 0, live: 0, all: 0 };
  for (const session of sessions) {
    counted[session.state] += 1;
    counted.all += 1;
    if (session.state !== "ended") counted.live += 1;
  }
  return counted;
}
