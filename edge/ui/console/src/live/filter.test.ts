import { expect, test } from "vitest";
import type { Session } from "../api/types";
import { counts, type Filter, select } from "./filter";

function session(id: string, part: Partial<Session> = {}): Session {
  return {
    id,
    labels: {},
    state: "ready",
    control: { mode: "ai_control", epoch: 0 },
    tenant: "default",
    region: "local",
    pool: "default",
    epoch: 1,
    browser: "headless-shell",
    isolation: "process",
    viewport: { width: 1, height: 1 },
    page: { url: "", title: "" },
    tabs: [],
    created_at: "2026-12-01T00:00:00Z",
    expires_at: "",
    timings: { queued_ms: 0, start_ms: 0 },
    ...part,
  };
}

const ALL = [
  session("a", { name: "Checkout", labels: { team: "search" }, created_at: "2026-12-01T00:00:03Z" }),
  session("b", { state: "queued", page: { url: "https://shop.example/cart", title: "Your Cart" } }),
  session("c", { state: "ended", end_reason: "released", created_at: "2026-12-01T00:00:02Z" }),
  session("d", { control: { mode: "user_control", holder: "ann", epoch: 1 }, worker: "w-7" }),
];

function ids(filter: Filter): string {
  return select(ALL, filter)
    .map(({ id }) => id)
    .join("");
}

test("without a wish all that live are shown, the newest first", () => {
  expect(ids({})).toBe("adb");
});

test("states and control narrow it", () => {
  expect(ids({ state: "all" })).toBe("acdb");
  expect(ids({ state: "ended" })).toBe("c");
  expect(ids({ state: "queued" })).toBe("b");
  expect(ids({ control: "user_control" })).toBe("d");
});

test.each([
  ["check", "a"],
  ["TEAM:search", "a"],
  ["team=search", "a"],
  ["shop cart", "b"],
  ["shop nothing", ""],
  ["w-7", "d"],
  ["  ", "adb"],
])("%j finds %j", (q, found) => {
  expect(ids({ q })).toBe(found);
});

test("a changed session is searched as it is now", () => {
  const before = session("e", { name: "before" });
  expect(select([before], { q: "before" })).toHaveLength(1);
  expect(select([{ ...before, name: "after" }], { q: "before" })).toHaveLength(0);
});

test("every column sorts both ways, and equal rows keep their places", () => {
  expect(ids({ sort: "age", desc: true })).toBe("bda");
  expect(ids({ sort: "state" })).toBe("bad");
  expect(ids({ sort: "name" })).toBe("bad");
  expect(ids({ sort: "control", desc: true })).toBe("dab");
  expect(ids({ sort: "worker", desc: true })).toBe("dab");
  expect(ids({ sort: "page", desc: true })).toBe("bad");
});

test("counts are of all there is", () => {
  expect(counts(ALL)).toEqual({
    queued: 1,
    starting: 0,
    ready: 2,
    recovering: 0,
    closing: 0,
    ended: 1,
    live: 3,
    all: 4,
  });
});
