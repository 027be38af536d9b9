// What an event makes of a session. Events may be heard again after a list that has them already: nothing here
// goes back in time.

import type { Session, SessionEvent, Tab } from "../api/types";

/** The session after the event; the same object where nothing changed, `undefined` where too little is known of it. */
export function reduce(session: Session | undefined, event: SessionEvent): Session | undefined {
  if (session === undefined) return begin(event);
  if (session.state === "ended") return session;
  const data = event.data ?? {};
  switch (event.type) {
    case "session:queued":
      return data.pool && data.pool !== session.pool ? { ...session, pool: data.pool } : session;
    case "session:ready":
      return started(session, event);
    case "session:recovered":
      return event.epoch >= session.epoch ? { ...session, ...whole(data), state: "ready" } : session;
    case "session:recovering":
      return event.epoch >= session.epoch ? { ...session, state: "recovering" } : session;
    case "session:control_changed":
      return data.epoch >= session.control.epoch ? { ...session, control: data } : session;
    case "session:navigated":
      return navigated(session, data.tab, data.url);
    case "session:tab":
      return tabs(session, data);
    case "session:ended":
      return {
        ...session,
        state: "ended",
        end_reason: data.reason,
        end_detail: data.detail ?? data.error?.detail ?? null,
        ended_at: event.time,
        queue: null,
      };
    default:
      return session;
  }
}

/** Whether the session should be asked for: the event tells less than the session shows. */
export function leavesStale(event: SessionEvent): boolean {
  switch (event.type) {
    case "session:created":
    case "session:navigated":
    case "session:recovered":
    case "session:tab":
      return true;
    default:
      return false;
  }
}

function begin(event: SessionEvent): Session | undefined {
  const data = event.data ?? {};
  if (event.type === "session:ready" || event.type === "session:recovered") {
    return isSession(data) ? data : undefined;
  }
  if (event.type !== "session:created") return undefined;
  return {
    id: event.session,
    name: data.name ?? null,
    labels: data.labels ?? {},
    state: "queued",
    control: { mode: "ai_control", epoch: 0 },
    tenant: "",
    region: event.session.split("_")[0] ?? "",
    pool: "",
    epoch: 0,
    browser: "",
    isolation: "",
    viewport: { width: 1280, height: 720 },
    page: { url: "", title: "" },
    tabs: [],
    created_at: event.time,
    expires_at: "",
    timings: { queued_ms: 0, start_ms: 0 },
  };
}

function isSession(data: unknown): data is Session {
  return typeof data === "object" && data !== null && "id" in data && "control" in data && "page" in data;
}

/** The session that an event has in it; what events leave out stays as it is known. */
function whole(data: unknown): Partial<Session> {
  if (!isSession(data)) return {};
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}

function started(session: Session, event: SessionEvent): Session {
  const known = session.state === "ready" && session.epoch >= event.epoch;
  if (known || session.epoch > event.epoch) return session;
  return { ...session, ...whole(event.data), state: "ready", queue: null };
}

function navigated(session: Session, tab: number, url: string): Session {
  const known = session.tabs.find((t) => t.n === tab);
  if (known === undefined || known.url === url) return session;
  // Its title is not known before the page has loaded.
  const changed = session.tabs.map((t) => (t.n === tab ? { ...t, url, title: "" } : t));
  return withTabs(session, changed);
}

function tabs(session: Session, data: SessionEvent["data"]): Session {
  if (data.opened) {
    const { n, url } = data.opened;
    if (session.tabs.some((t) => t.n === n)) return session;
    const tab: Tab = { n, url: url ?? "", title: "", active: session.tabs.length === 0 };
    return withTabs(session, [...session.tabs, tab]);
  }
  if (data.activated) {
    const { n } = data.activated;
    if (!session.tabs.some((t) => t.n === n) || session.tabs.find((t) => t.n === n)?.active) return session;
    return withTabs(
      session,
      session.tabs.map((t) => ({ ...t, active: t.n === n })),
    );
  }
  if (data.closed) {
    const left = session.tabs.filter((t) => t.n !== data.closed.n);
    return left.length === session.tabs.length ? session : withTabs(session, left);
  }
  return session;
}

function withTabs(session: Session, changed: Tab[]): Session {
  const active = changed.find((t) => t.active);
  const page = active ? { url: active.url, title: active.title } : session.page;
  return { ...session, tabs: changed, page };
}
