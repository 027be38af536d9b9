import { expect, test } from "vitest";
import { curl, snippets } from "./snippets";

const OPEN = { origin: "http://127.0.0.1:8080", tokens: false, tenant: "default", region: "local" };
const SHUT = { origin: "https://fleet.example", tokens: true, tenant: "ads", region: "eu" };

test("each names this server, and the right scheme for what it speaks", () => {
  for (const { key, code } of snippets(OPEN)) {
    if (key !== "nats") expect(code, key).toMatch(/(http|ws):\/\/127\.0\.0\.1:8080/);
    expect(code, key).not.toContain("TOKEN");
  }
  const [playwright] = snippets(SHUT);
  expect(playwright?.code).toContain("wss://fleet.example/cdp?token=TOKEN");
});

test("with tokens each has a place for it", () => {
  for (const { key, code } of snippets(SHUT)) if (key !== "nats") expect(code, key).toContain("TOKEN");
});

test("subjects are those of the tenant and the region", () => {
  const nats = snippets(SHUT).find(({ key }) => key === "nats");
  expect(nats?.code).toContain("rk.work.eu.default.ads.normal");
  expect(nats?.code).toContain("rk.live.eu.ads.");
});

test("a body survives the shell", () => {
  expect(curl("http://x", { name: "it's" })).toContain(`-d '{"name":"it'\\''s"}'`);
});
