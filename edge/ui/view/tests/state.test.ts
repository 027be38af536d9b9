import { beforeEach, describe, expect, it } from "vitest";
import type { Control, Session } from "../src/protocol.ts";
import { apply, driver, drives, initial, type State, sessionIs, shownTab, taken } from "../src/state.ts";

const session: Session = {
  id: "local_1",
  state: "ready",
  end_reason: null,
  control: { mode: "ai_control", holder: null, epoch: 3 },
  viewport: { width: 1280, height: 720, scale: 1, mobile: false, touch: false },
  tabs: [{ n: 1, url: "http://a/", title: "A", active: true }],
};

let state: State;
const event = (type: string, data: object) =>
  apply(state, {
    type: "event",
    event: { type, session: "local_1", time: "", data: data as Record<string, unknown> },
  });
const user = (holder: string, epoch: number): Control => ({ mode: "user_control", holder, epoch });

beforeEach(() => {
  state = initial("ann");
  state.connection = "open";
  apply(state, { type: "hello", session, conn: "c1", access: "full" });
});

describe("who drives", () => {
  it("is this viewer once it has asked for control and got it", () => {
    expect(driver(state)).toBe("agent");
    taken(state, user("ann", 4));
    expect([driver(state), drives(state)]).toEqual(["you", true]);
    event("session:control_changed", { mode: "ai_control", holder: null, epoch: 5 });
    expect([driver(state), drives(state)]).toEqual(["agent", false]);
  });

  it("is another, though of the same name, unless the server says that it is this one", () => {
    event("session:control_changed", user("ann", 4));
    expect(driver(state)).toBe("other");
    const other = { conn: "c2", name: "ann", access: "full", holds_control: true } as const;
    apply(state, {
      type: "viewers",
      viewers: [{ conn: "c1", name: "ann", access: "full", holds_control: false }, other],
    });
    expect(driver(state)).toBe("other");
    apply(state, {
      type: "viewers",
      viewers: [{ conn: "c1", name: "ann", access: "full", holds_control: true }],
    });
    expect(driver(state)).toBe("you");
  });

  it("is not taken from old news that a reconnect tells again", () => {
    taken(state, user("ann", 7));
    event("session:control_changed", { mode: "paused", holder: null, epoch: 6 });
    expect(driver(state)).toBe("you");
  });

  it("has to be shown anew on another socket", () => {
    taken(state, user("ann", 4));
    apply(state, { type: "hello", session: { ...session, control: user("ann", 4) }, conn: "c9" });
    expect(driver(state)).toBe("other");
  });

  it("is nobody while the session is not ready", () => {
    taken(state, user("ann", 4));
    event("session:recovering", { reason: "crashed" });
    expect(drives(state)).toBe(false);
    event("session:recovered", {});
    expect(drives(state)).toBe(true);
  });
});

describe("tabs", () => {
  it("open, become active and close", () => {
    event("session:tab", { opened: { n: 2, url: "http://b/", opener: 1 } });
    event("session:tab", { opened: { n: 2, url: "http://b/", opener: 1 } });
    event("session:tab", { activated: { n: 2 } });
    expect(state.tabs.map((tab) => [tab.n, tab.active])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(shownTab(state)?.n).toBe(2);
    event("session:tab", { closed: { n: 2 } });
    expect(shownTab(state)?.n).toBe(1);
  });

  it("stay closed when the session is described as it was before", () => {
    const two = {
      ...session,
      tabs: [...session.tabs, { n: 2, url: "http://b/", title: "B", active: false }],
    };
    apply(state, { type: "hello", session: two });
    event("session:tab", { closed: { n: 2 } });
    sessionIs(state, two);
    expect(state.tabs.map((tab) => tab.n)).toEqual([1]);
  });

  it("are looked at as chosen, until the chosen one is closed", () => {
    event("session:tab", { opened: { n: 2, url: "http://b/" } });
    state.pinned = 2;
    expect(shownTab(state)?.n).toBe(2);
    event("session:tab", { closed: { n: 2 } });
    expect(state.pinned).toBeUndefined();
  });

  it("keep their icons when the session is described without them", () => {
    event("session:tab", { favicon: { n: 1, url: "data:image/png;base64,AA==" } });
    apply(state, { type: "hello", session });
    expect(state.tabs[0]?.favicon).toBe("data:image/png;base64,AA==");
  });
});

describe("dialogs and choosers", () => {
  const dialog = { tab: 1, type: "confirm", message: "Sure?", url: "http://a/" } as const;

  it("are there until they are answered", () => {
    event("session:dialog", { opened: dialog });
    expect(state.dialogs).toEqual([dialog]);
    event("session:dialog", { closed: { tab: 1 } });
    expect(state.dialogs).toEqual([]);
  });

  it("are found by the error of whoever ran into one", () => {
    apply(state, { type: "error", error: { code: "conflict", detail: "", context: { dialogs: [dialog] } } });
    apply(state, { type: "error", error: { code: "conflict", detail: "", context: { dialog } } });
    expect(state.dialogs).toEqual([dialog]);
  });

  it("end by their own id, and with the person's control", () => {
    const chooser = { id: "x", kind: "file", tab: 1, multiple: false, accept: [], directory: false } as const;
    taken(state, user("ann", 4));
    apply(state, { type: "chooser", chooser: { ...chooser, accept: [] } });
    apply(state, { type: "chooser", chooser: null, id: "another" });
    expect(state.chooser?.id).toBe("x");
    event("session:control_changed", { mode: "ai_control", holder: null, epoch: 5 });
    expect(state.chooser).toBeUndefined();
  });
});

describe("the end", () => {
  it("keeps its reason, and leaves no question open", () => {
    event("session:dialog", { opened: { tab: 1, type: "alert", message: "", url: "" } });
    event("session:ended", { reason: "worker_lost", detail: "gone" });
    expect([state.life, state.reason, state.detail, state.dialogs]).toEqual([
      "ended",
      "worker_lost",
      "gone",
      [],
    ]);
  });
});
