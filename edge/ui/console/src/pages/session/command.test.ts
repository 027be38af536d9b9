import { expect, test } from "vitest";
import { ACTIONS, completions, parseCommand } from "./command";

test.each([
  ["reload", { action: "reload" }],
  ["navigate example.com", { action: "navigate", url: "https://example.com" }],
  ["navigate http://127.0.0.1:8080/demo", { action: "navigate", url: "http://127.0.0.1:8080/demo" }],
  ["navigate localhost:3000/x", { action: "navigate", url: "http://localhost:3000/x" }],
  ["navigate about:blank", { action: "navigate", url: "about:blank" }],
  ["navigate data:text/html,hi", { action: "navigate", url: "data:text/html,hi" }],
  ["  click  Create account ", { action: "click", target: { text: "Create account" } }],
  ["click e14", { action: "click", target: { ref: "e14" } }],
  ["type Grüße, 日本語", { action: "type", text: "Grüße, 日本語" }],
  ["evaluate {a: 1}", { action: "evaluate", expression: "{a: 1}" }],
  ["evaluate let a = 1\na + 1", { action: "evaluate", expression: "let a = 1\na + 1" }],
  ["close_tab 2", { action: "close_tab", tab: 2 }],
  ['scroll {"delta_y": 400}', { action: "scroll", delta_y: 400 }],
  ['{"action": "press", "keys": "Enter", "tab": 2}', { action: "press", keys: "Enter", tab: 2 }],
])("%j is understood", (text, command) => {
  expect(parseCommand(text)).toEqual(command);
});

test.each([
  ["", /type an action/],
  ["clikc Save", /no action “clikc”/],
  ['click {"target": ', /not JSON/],
  ['{"url": "x"}', /no action/],
  ["drag this there", /as JSON/],
])("%j is refused with what to do", (text, why) => {
  expect(() => parseCommand(text)).toThrow(why);
});

test("every template but for its gaps is a command", () => {
  for (const { name, template } of ACTIONS) expect(parseCommand(template).action).toBe(name);
});

test("completions begin with what begins so, and end with the first word", () => {
  expect(completions("cl").map(({ name }) => name)).toEqual(["click", "close_tab", "cookies_clear"]);
  expect(completions("click")).toEqual([]);
  expect(completions("click Sa")).toEqual([]);
  expect(completions("")).toHaveLength(ACTIONS.length);
});
