import { expect, test } from "vitest";
import type { SessionEvent } from "../../api/types";
import { describe } from "./describe";

function said(type: string, data: unknown) {
  const event: SessionEvent = { type: `session:${type}`, session: "s", time: "", epoch: 1, data };
  return describe(event);
}

test("a command tells how long it took, and why it failed", () => {
  expect(said("step", { action: "click", ok: true, duration_ms: 67 })).toMatchObject({
    title: "click",
    took: "67 ms",
  });
  expect(
    said("step", { action: "click", ok: false, duration_ms: 30_000, code: "browser_error" }),
  ).toMatchObject({
    tone: "bad",
    detail: "browser error",
    took: "30 s",
  });
});

test("a change of control tells who, their note, and what they did", () => {
  const data = {
    mode: "ai_control",
    epoch: 2,
    note: "logged in",
    changed: {
      navigations: [{ tab: 1, url: "https://a.example/" }],
      fields: [{ tab: 1, label: "Email", kind: "text" }],
      seconds: 42,
    },
  };
  const { title, detail } = said("control_changed", data);
  expect(title).toBe("The agent drives");
  expect(detail).toBe("“logged in” · 1 navigation, fields: Email, in 42 s");
  expect(said("control_changed", { mode: "user_control", holder: "ann", epoch: 1 }).title).toBe("ann drives");
});

test("an event of a kind that is new has its name at least", () => {
  expect(said("something", null)).toMatchObject({ title: "something" });
});
