import { expect, test } from "vitest";
import type { SessionEvent } from "../api/types";
import { addRequest, MOST, type Request } from "./feed";

function event(time: string, data: unknown): SessionEvent {
  return { type: "session:network", session: "s", time: `2026-12-01T00:00:${time}Z`, epoch: 1, data };
}

test("an answer joins its request", () => {
  let list: Request[] = [];
  list = addRequest(
    list,
    event("01.000", { tab: 1, id: "1", method: "GET", url: "/a", resource: "Document" }),
    1,
  );
  list = addRequest(
    list,
    event("01.100", { tab: 1, id: "2", method: "GET", url: "/b", resource: "Script" }),
    2,
  );
  list = addRequest(
    list,
    event("01.250", { tab: 1, id: "1", status: 200, url: "/a", mime_type: "text/html" }),
    3,
  );
  list = addRequest(list, event("01.300", { tab: 1, id: "2", error: "net::ERR_FAILED" }), 4);
  expect(list).toMatchObject([
    { n: 1, url: "/a", status: 200, mime_type: "text/html", took_ms: 250, error: null },
    { n: 2, url: "/b", status: null, took_ms: 200, error: "net::ERR_FAILED" },
  ]);
});

test("a redirect is one more request under its id, and an answer is that of the last", () => {
  let list: Request[] = [];
  list = addRequest(list, event("01.000", { id: "1", method: "GET", url: "/old" }), 1);
  list = addRequest(list, event("01.100", { id: "1", method: "GET", url: "/new" }), 2);
  list = addRequest(list, event("01.200", { id: "1", status: 404 }), 3);
  expect(list.map(({ url, status }) => [url, status])).toEqual([
    ["/old", null],
    ["/new", 404],
  ]);
});

test("an answer whose request was not heard is a row too", () => {
  expect(addRequest([], event("01.000", { id: "9", status: 204, url: "/x" }), 1)).toMatchObject([
    { url: "/x", status: 204, took_ms: null },
  ]);
});

test("the oldest make room", () => {
  let list: Request[] = [];
  for (let n = 0; n < MOST + 10; n += 1)
    list = addRequest(list, event("01.000", { id: String(n), method: "GET" }), n);
  expect(list).toHaveLength(MOST);
  expect(list[0]?.id).toBe("10");
});
