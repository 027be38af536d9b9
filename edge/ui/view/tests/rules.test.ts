// Small rules: reconnecting, rates, clicks, modifiers, addresses, words.
import { describe, expect, it } from "vitest";
import { isLeave, pieces } from "../src/input/keyboard.ts";
import { modifiers } from "../src/input/modifiers.ts";
import { Clicks, wheelPixels } from "../src/input/pointer.ts";
import { bandwidth, Meter, size } from "../src/meter.ts";
import { Rate } from "../src/rate.ts";
import { delay, verdict } from "../src/socket.ts";
import { initial } from "../src/state.ts";
import { summary } from "../src/ui/chrome.ts";
import { complete } from "../src/ui/navigation.ts";
import { words } from "../src/ui/overlay.ts";
import { watching } from "../src/ui/status.ts";

describe("reconnecting", () => {
  it("tries often enough to be back within two seconds, and is patient later", () => {
    for (let attempt = 0; attempt < 100; attempt++)
      expect(delay(attempt, 30_000, 1)).toBeLessThanOrEqual(800);
    expect(delay(0, 0, 0)).toBeLessThan(50);
    expect(delay(50, 120_000, 1)).toBe(5_000);
    expect(delay(50, 120_000, 0)).toBe(3_750);
  });

  it("goes by the close code", () => {
    expect([1000, 1001, 1003, 1006, 1008, 1011, 1012, 1013].map(verdict)).toEqual([
      "ended",
      "moved",
      "again",
      "again",
      "refused",
      "again",
      "moved",
      "again",
    ]);
  });
});

describe("the rate of frames", () => {
  it("falls on a slow link and rises when it is quick again", () => {
    const rate = new Rate(60);
    const late = (now: number) => rate.take(900, now);
    expect([late(0), late(1), late(2)]).toEqual([false, false, false]);
    expect(late(3)).toBe(true);
    expect(rate.fps).toBe(45);
    for (let i = 0; i < 100; i++) late(i);
    expect(rate.fps).toBe(1);
    expect(rate.take(10, 10_000)).toBe(false);
    expect(rate.take(10, 15_000)).toBe(true);
    expect(rate.fps).toBe(2);
  });

  it("never rises above what was asked", () => {
    const rate = new Rate(25);
    expect(rate.fps).toBe(25);
    for (let now = 0; now < 100_000; now += 1_000) rate.take(0, now);
    expect(rate.fps).toBe(25);
  });

  it("takes the quickest frame as the measure, since clocks differ", () => {
    const rate = new Rate(60);
    expect(rate.age(10_000, 4_020)).toBe(0);
    expect(rate.age(11_000, 5_120)).toBe(100);
  });

  it("is shown for the last two seconds", () => {
    const meter = new Meter();
    for (let now = 0; now < 4_000; now += 100) meter.take(1_000, now);
    expect(meter.read(3_900)).toEqual({ fps: 10, bits: 80_000 });
    expect(meter.read(9_000)).toEqual({ fps: 0, bits: 0 });
    expect([bandwidth(80_000), bandwidth(2_540_000), size(999), size(1_500), size(2_300_000)]).toEqual([
      "80 kbit/s",
      "2.5 Mbit/s",
      "999 B",
      "2 kB",
      "2.3 MB",
    ]);
  });
});

describe("the mouse", () => {
  it("counts clicks up to three, at one place and by one button", () => {
    const clicks = new Clicks();
    expect([0, 100, 200, 300].map((at) => clicks.down(0, 10, 10, at))).toEqual([1, 2, 3, 1]);
    expect(clicks.down(0, 30, 10, 350)).toBe(1);
    expect(clicks.down(2, 30, 10, 400)).toBe(1);
    expect(clicks.down(2, 30, 10, 1_000)).toBe(1);
  });

  it("turns its wheel by pixels, lines or pages", () => {
    const page = { width: 1280, height: 720 };
    expect(wheelPixels({ deltaX: 1, deltaY: -2, deltaMode: 0 }, page)).toEqual({ x: 1, y: -2 });
    expect(wheelPixels({ deltaX: 0, deltaY: 3, deltaMode: 1 }, page)).toEqual({ x: 0, y: 100 });
    expect(wheelPixels({ deltaX: 1, deltaY: 1, deltaMode: 2 }, page)).toEqual({ x: 1280, y: 720 });
  });
});

describe("the keyboard", () => {
  const held = (keys: string) => ({
    altKey: keys.includes("a"),
    ctrlKey: keys.includes("c"),
    metaKey: keys.includes("m"),
    shiftKey: keys.includes("s"),
    getModifierState: (key: string) => key === "AltGraph" && keys.includes("g"),
  });

  it("has Control where a Mac has Command", () => {
    expect(modifiers(held("ms"), true)).toEqual(["Control", "Shift"]);
    expect(modifiers(held("ms"), false)).toEqual(["Meta", "Shift"]);
  });

  it("does not take AltGr for a shortcut", () => {
    expect(modifiers(held("acg"), false)).toEqual([]);
    expect(modifiers(held("ac"), false)).toEqual(["Alt", "Control"]);
  });

  it("is left by Control, Alt and Escape only", () => {
    expect(isLeave({ key: "Escape", ctrlKey: true, altKey: true })).toBe(true);
    expect(isLeave({ key: "Escape", ctrlKey: true, altKey: false })).toBe(false);
  });

  it("sends long texts in parts that split no character", () => {
    const text = "🐦".repeat(9_000);
    const parts = pieces(text);
    expect(parts.join("")).toBe(text);
    expect(parts.every((part) => part.length <= 16_000 && part.length % 2 === 0)).toBe(true);
    expect(pieces("")).toEqual([]);
  });
});

describe("addresses as people write them", () => {
  it.each([
    ["example.com", "https://example.com"],
    [" example.com:8080/a?b ", "https://example.com:8080/a?b"],
    ["localhost:3000", "http://localhost:3000"],
    ["127.0.0.1/x", "http://127.0.0.1/x"],
    ["http://example.com", "http://example.com"],
    ["about:blank", "about:blank"],
    ["data:text/html,hi", "data:text/html,hi"],
    ["", ""],
  ])("%s", (typed, url) => {
    expect(complete(typed)).toBe(url);
  });
});

describe("what is said", () => {
  it("of the state, calmly and only where there is something to say", () => {
    const state = initial("ann");
    expect(words(state, false)).toBeUndefined();
    state.connection = "lost";
    expect(words(state, true)).toMatchObject({ title: "Connection lost", light: true });
    state.life = "recovering";
    state.reason = "crashed";
    expect(words(state, true)?.detail).toContain("The browser crashed.");
    state.problem = { code: "unauthenticated", detail: "this link has expired", request_id: "r1" };
    expect(words(state, true)).toMatchObject({ detail: "this link has expired", light: false });
    state.life = "ended";
    expect(words(state, true)?.detail).toBe("Its browser crashed.");
  });

  it("of who else watches", () => {
    const viewer = (conn: string, name: string) => ({
      conn,
      name,
      access: "view" as const,
      holds_control: false,
    });
    expect(watching([], undefined, 0)).toBe("");
    expect(watching([viewer("1", "me")], "1", 0)).toBe("Only you watch");
    const five = ["Ann", "Bob", "Cleo", "Dan"].map((name, n) => viewer(String(n + 2), name));
    expect(watching([viewer("1", "me"), ...five], "1", 10)).toBe("Also here: Ann, Bob, Cleo and 11 more");
  });

  it("of what happened while a person drove", () => {
    const fields = [{ label: "Name" }, { label: "Name" }, { label: "Email" }];
    expect(summary({ navigations: [{}], fields, seconds: 44.6 })).toBe(
      "In 45 s: 1 page, 3 fields (Name, Email).",
    );
    expect(summary({ navigations: [], fields: [], seconds: 1 })).toBe("In 1 s: 0 pages, 0 fields.");
  });
});
