import { expect, test } from "vitest";
import { read } from "./body";

test("what is left alone is not sent", () => {
  expect(read({})).toEqual({ body: {}, errors: {} });
  expect(read({ name: "", recording: false, permissions: " \n ", headers: "", "proxy.server": " " })).toEqual(
    {
      body: {},
      errors: {},
    },
  );
});

test("fields become what the API takes", () => {
  const { body, errors } = read({
    name: " night run ",
    labels: "team: search\nenv=staging",
    "viewport.width": "800",
    "viewport.mobile": true,
    permissions: "geolocation\n\n clipboard-read ",
    headers: "X-When: 10:30",
    "proxy.server": "http://127.0.0.1:3128",
    "proxy.bypass": "<local>",
    storage_state: '{"cookies": []}',
    init_scripts: "one()\n---\ntwo()\n--- not a line of its own\n",
    idle_timeout_s: "60",
    priority: "high",
    "viewport.scale": "1.5",
  });
  expect(errors).toEqual({});
  expect(body).toEqual({
    name: "night run",
    labels: { team: "search", env: "staging" },
    viewport: { width: 800, height: 720, mobile: true, scale: 1.5 },
    permissions: ["geolocation", "clipboard-read"],
    headers: { "X-When": "10:30" },
    proxy: { server: "http://127.0.0.1:3128", bypass: ["<local>"] },
    storage_state: { cookies: [] },
    init_scripts: ["one()\n", "\ntwo()\n--- not a line of its own\n"],
    idle_timeout_s: 60,
    priority: "high",
  });
});

test("a space in a password is a part of it", () => {
  expect(read({ "http_credentials.password": " a " }).body).toEqual({
    http_credentials: { password: " a " },
  });
});

test.each([
  ["viewport.width", "0", /at least 1/],
  ["viewport.width", "99999", /at most 8,192/],
  ["idle_timeout_s", "1.5", /whole/],
  ["idle_timeout_s", "soon", /not a number/],
  ["headers", "no colon", /no colon/],
  ["storage_state", "{", /not JSON/],
  ["storage_state", "[]", /object/],
])("%s: %j is refused at its field", (path, text, why) => {
  const { errors } = read({ [path]: text });
  expect(Object.keys(errors)).toEqual([path]);
  expect(errors[path]).toMatch(why);
});
