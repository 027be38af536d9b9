// All that the view knows, and how messages change it. No DOM in here.

import type {
  Access,
  Changed,
  Chooser,
  Control,
  Dialog,
  Download,
  Problem,
  ServerMessage,
  Session,
  SessionEvent,
  Tab,
  Viewer,
} from "./protocol.ts";

export type Connection = "connecting" | "open" | "lost" | "closed";
export type Driver = "agent" | "you" | "other" | "paused";

export interface State {
  connection: Connection;
  session: Session | undefined;
  /** This viewer, as the server calls it. Absent with an edge that does not name its viewers. */
  conn: string | undefined;
  access: Access;
  name: string;
  tabs: Tab[];
  /** Tabs that are gone. Their numbers are never used again, and a description of the session may be older than the news. */
  closed: Set<number>;
  /** The tab that is looked at though another is active. */
  pinned: number | undefined;
  control: Control;
  /** The epoch in which this viewer holds control. */
  mine: number | undefined;
  dialogs: Dialog[];
  chooser: Chooser | undefined;
  viewers: Viewer[];
  moreViewers: number;
  downloads: Download[];
  cursor: string;
  life: "starting" | "ready" | "recovering" | "ended";
  /** Why it recovers or has ended. */
  reason: string;
  detail: string;
  /** What happened while a person drove, from the last hand-back. */
  changed: Changed | undefined;
  /** Why the socket cannot be had. */
  problem: Problem | undefined;
}

export function initial(name: string): State {
  return {
    connection: "connecting",
    session: undefined,
    conn: undefined,
    access: "full",
    name,
    tabs: [],
    closed: new Set(),
    pinned: undefined,
    control: { mode: "ai_control", holder: null, epoch: 0 },
    mine: undefined,
    dialogs: [],
    chooser: undefined,
    viewers: [],
    moreViewers: 0,
    downloads: [],
    cursor: "default",
    life: "starting",
    reason: "",
    detail: "",
    changed: undefined,
    problem: undefined,
  };
}

export function driver(state: State): Driver {
  if (state.control.mode === "paused") return "paused";
  if (state.control.mode === "ai_control") return "agent";
  return state.mine === state.control.epoch ? "you" : "other";
}

/** Whether what this viewer types and clicks reaches the page. */
export function drives(state: State): boolean {
  return state.connection === "open" && state.life === "ready" && driver(state) === "you";
}

export function activeTab(state: State): Tab | undefined {
  return state.tabs.find((tab) => tab.active) ?? state.tabs.at(-1);
}

/** The tab that is looked at. */
export function shownTab(state: State): Tab | undefined {
  return state.tabs.find((tab) => tab.n === state.pinned) ?? activeTab(state);
}

/** Changes `state` by a message. */
export function apply(state: State, message: ServerMessage): void {
  switch (message.type) {
    case "hello":
      hello(state, message);
      return;
    case "event":
      event(state, message.event);
      return;
    case "viewers":
      state.viewers = message.viewers;
      state.moreViewers = message.more ?? 0;
      whoHolds(state);
      return;
    case "cursor":
      state.cursor = message.cursor;
      return;
    case "chooser":
      if (message.chooser) state.chooser = message.chooser;
      else if (message.id === undefined || message.id === state.chooser?.id) state.chooser = undefined;
      return;
    case "error":
      for (const dialog of message.error.context?.dialogs ?? []) opened(state, dialog);
      if (message.error.context?.dialog) opened(state, message.error.context.dialog);
      return;
    case "result":
      if (message.dialog) opened(state, message.dialog);
      return;
    case "pong":
    case "clipboard":
      return;
  }
}

function hello(state: State, message: Extract<ServerMessage, { type: "hello" }>): void {
  state.conn = message.conn;
  state.access = message.access ?? "full";
  state.viewers = [];
  state.moreViewers = 0;
  state.chooser = undefined;
  state.dialogs = [];
  state.problem = undefined;
  // Another socket: control has to be shown to be this one's again.
  state.mine = undefined;
  sessionIs(state, message.session);
}

/** The session as the server has just described it. */
export function sessionIs(state: State, session: Session): void {
  state.session = session;
  const icons = new Map(state.tabs.map((tab) => [tab.n, tab.favicon]));
  const open = session.tabs.filter((tab) => !state.closed.has(tab.n));
  state.tabs = open.map((tab) => {
    const favicon = tab.favicon ?? icons.get(tab.n);
    return favicon === undefined ? { ...tab } : { ...tab, favicon };
  });
  forgetPin(state);
  if (session.control.epoch >= state.control.epoch) controlIs(state, session.control);
  switch (session.state) {
    case "ready":
    case "recovering":
    case "ended":
      state.life = session.state;
      break;
    default:
      state.life = "starting";
  }
  if (session.end_reason) state.reason = session.end_reason;
}

/** Control as it is now. Old news, told again after a reconnect, is passed over. */
export function controlIs(state: State, control: Control): void {
  if (control.epoch < state.control.epoch) return;
  state.control = control;
  if (control.changed) state.changed = control.changed;
  if (control.mode !== "user_control") {
    state.chooser = undefined;
    return;
  }
  state.changed = undefined;
  whoHolds(state);
}

/** This viewer has asked for control and got it. */
export function taken(state: State, control: Control): void {
  controlIs(state, control);
  if (control.mode === "user_control" && control.epoch === state.control.epoch) state.mine = control.epoch;
}

function whoHolds(state: State): void {
  const me = state.viewers.find((viewer) => viewer.conn === state.conn);
  if (!me || state.control.mode !== "user_control") return;
  if (me.holds_control) state.mine = state.control.epoch;
  else if (state.viewers.some((viewer) => viewer.holds_control)) state.mine = undefined;
}

function forgetPin(state: State): void {
  if (!state.tabs.some((tab) => tab.n === state.pinned)) state.pinned = undefined;
}

function opened(state: State, dialog: Dialog): void {
  state.dialogs = [...state.dialogs.filter((other) => other.tab !== dialog.tab), dialog];
}

function event(state: State, { type, data }: SessionEvent): void {
  switch (type) {
    case "session:ready":
      sessionIs(state, data as unknown as Session);
      return;
    case "session:tab":
      tab(state, data as TabNews);
      return;
    case "session:navigated":
      state.tabs = state.tabs.map((t) => (t.n === data.tab ? { ...t, url: String(data.url) } : t));
      return;
    case "session:dialog":
      if (data.opened) opened(state, data.opened as Dialog);
      if (data.closed) {
        const closed = (data.closed as { tab: number }).tab;
        state.dialogs = state.dialogs.filter((dialog) => dialog.tab !== closed);
      }
      return;
    case "session:control_changed":
      controlIs(state, data as unknown as Control);
      return;
    case "session:download":
      download(state, data);
      return;
    case "session:recovering":
      state.life = "recovering";
      state.reason = String(data.reason ?? "");
      state.detail = String(data.detail ?? "");
      state.dialogs = [];
      state.chooser = undefined;
      return;
    case "session:recovered":
      state.life = "ready";
      state.reason = state.detail = "";
      return;
    case "session:ended":
      state.life = "ended";
      state.reason = String(data.reason ?? "");
      state.detail = String(data.detail ?? "");
      state.dialogs = [];
      state.chooser = undefined;
      return;
  }
}

interface TabNews {
  opened?: { n: number; url: string; opener?: number | null };
  activated?: { n: number };
  closed?: { n: number };
  favicon?: { n: number; url: string };
}

function tab(state: State, { opened, activated, closed, favicon }: TabNews): void {
  if (opened && !state.tabs.some((t) => t.n === opened.n)) {
    state.tabs = [...state.tabs, { n: opened.n, url: opened.url, title: "", active: false }];
  }
  if (activated) state.tabs = state.tabs.map((t) => ({ ...t, active: t.n === activated.n }));
  if (closed) {
    state.closed.add(closed.n);
    state.tabs = state.tabs.filter((t) => t.n !== closed.n);
    state.dialogs = state.dialogs.filter((dialog) => dialog.tab !== closed.n);
    forgetPin(state);
  }
  if (favicon) state.tabs = state.tabs.map((t) => (t.n === favicon.n ? { ...t, favicon: favicon.url } : t));
}

function download(state: State, data: Record<string, unknown>): void {
  const name = String(data.name ?? "");
  if (!name) return;
  const size = Number(data.received ?? 0);
  const others = state.downloads.filter((other) => other.name !== name);
  state.downloads = [...others, { name, state: String(data.state), size }].slice(-20);
}
