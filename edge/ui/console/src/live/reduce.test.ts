import { expect, test } from "vitest";
import type { Session, SessionEvent } from "../api/types";
import { leavesStale, reduce } from "./reduce";

const READY: Session = {
  id: "local_1",
  name: "one",
  labels: { team: "search" },
  state: "ready",
  control: { mode: "ai_control", epoch: 3 },
  tenant: "default",
  region: "local",
  pool: "default",
  worker: "w1",
  epoch: 2,
  browser: "headless-shell",
  isolation: "process",
  viewport: { width: 1280, height: 720 },
  page: { url: "https://a.example/", title: "A" },
  tabs: [
    { n: 1, url: "https://a.example/", title: "A", active: true },
    { n: 2, url: "https://b.example/", title: "B", active: false },
  ],
  created_at: "2026-12-01T00:00:00Z",
  expires_at: "2026-12-01T01:00:00Z",
  timings: { queued_ms: 1, start_ms: 2 },
};

function event(type: string, data: unknown, epoch = 2): SessionEvent {
  return { type: `session:${type}`, session: "local_1", time: "2026-12-01T00:00:05Z", epoch, data };
}

test("a session begins with its first event and is whole when it is ready", () => {
  const made = reduce(undefined, event("created", { name: "one", labels: { a: "b" } }, 0));
  expect(made).toMatchObject({
    id: "local_1",
    state: "queued",
    name: "one",
    region: "local",
    labels: { a: "b" },
  });
  const queued = reduce(made, event("queued", { pool: "big" }, 0));
  expect(queued?.pool).toBe("big");
  expect(reduce(queued, event("ready", READY))).toMatchObject({
    state: "ready",
    worker: "w1",
    tabs: READY.tabs,
  });
});

test("of an unknown session only what is whole makes a row", () => {
  expect(reduce(undefined, event("ready", READY))).toEqual(READY);
  for (const type of ["step", "navigated", "ended", "control_changed"]) {
    expect(reduce(undefined, event(type, {}))).toBeUndefined();
  }
});

test("what was heard before does not undo what is known", () => {
  for (const old of [
    event("created", { name: "older" }, 0),
    event("queued", { pool: "default" }, 0),
    event("ready", { ...READY, page: { url: "about:blank", title: "" } }, 1),
    event("ready", { ...READY, page: { url: "about:blank", title: "" } }, 2),
    event("recovering", {}, 1),
    event("recovered", { ...READY, worker: "w0" }, 1),
    event("control_changed", { mode: "paused", epoch: 2 }),
    event("navigated", { tab: 1, url: "https://a.example/" }),
    event("tab", { activated: { n: 1 } }),
    event("tab", { opened: { n: 2, url: "about:blank" } }),
    event("tab", { closed: { n: 7 } }),
    event("step", { action: "click" }),
  ]) {
    expect(reduce(READY, old), old.type).toBe(READY);
  }
});

test("what has ended stays so", () => {
  const ended = reduce(READY, event("ended", { reason: "crashed", error: { detail: "it fell" } }));
  expect(ended).toMatchObject({ state: "ended", end_reason: "crashed", end_detail: "it fell" });
  expect(reduce(ended, event("ready", READY, 3))).toBe(ended);
  expect(reduce(ended, event("control_changed", { mode: "paused", epoch: 9 }))).toBe(ended);
});

test("the page is that of the active tab", () => {
  const elsewhere = reduce(READY, event("navigated", { tab: 2, url: "https://c.example/" }));
  expect(elsewhere?.page).toEqual(READY.page);
  const switched = reduce(elsewhere, event("tab", { activated: { n: 2 } }));
  expect(switched?.page).toEqual({ url: "https://c.example/", title: "" });
  expect(switched?.tabs.map((tab) => tab.active)).toEqual([false, true]);
  const closed = reduce(switched, event("tab", { closed: { n: 1 } }));
  expect(closed?.tabs).toHaveLength(1);
});

test("a lost worker and its successor show", () => {
  const lost = reduce(READY, event("recovering", { reason: "worker_lost" }, 2));
  expect(lost?.state).toBe("recovering");
  expect(reduce(lost, event("recovered", { ...READY, worker: "w2", epoch: 3 }, 3))).toMatchObject({
    state: "ready",
    worker: "w2",
    epoch: 3,
  });
});

test("a person's control shows", () => {
  const control = { mode: "user_control", holder: "ann", epoch: 4 };
  expect(reduce(READY, event("control_changed", control))?.control).toEqual(control);
});

test("a title is asked for, as no event tells it", () => {
  expect(leavesStale(event("navigated", {}))).toBe(true);
  expect(leavesStale(event("step", {}))).toBe(false);
});
