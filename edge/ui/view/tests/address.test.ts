import { describe, expect, it } from "vitest";
import { fromUrl, httpUrl, keep, socketUrl } from "../src/address.ts";

const at = (url: string) => fromUrl(new URL(url)) ?? expect.fail("no address");

describe("the URL of a view", () => {
  it("names edge and session, also behind a path", () => {
    expect(at("https://edge.example:8443/view/eu_1?link=abc")).toEqual({
      edge: "https://edge.example:8443",
      session: "eu_1",
      link: "abc",
    });
    expect(at("https://example.com/browsers/view/eu_1").edge).toBe("https://example.com/browsers");
    expect(fromUrl(new URL("https://example.com/sessions/eu_1"))).toBeUndefined();
  });

  it("may say who watches", () => {
    expect(at("https://edge/view/x?name=Ann").name).toBe("Ann");
    expect(at(`https://edge/view/x?name=${"n".repeat(200)}`).name).toHaveLength(100);
  });

  it("makes those of the API", () => {
    const address = at("https://edge.example/view/eu_1?link=a%2Bb");
    expect(socketUrl(address, { after: "7", name: "Ann & Bob", resume: "v1.x" })).toBe(
      "wss://edge.example/v1/sessions/eu_1/ws?after=7&name=Ann+%26+Bob&resume=v1.x&link=a%2Bb",
    );
    expect(socketUrl(at("http://edge/view/x"), {})).toBe("ws://edge/v1/sessions/x/ws");
    expect(httpUrl(address, "/files/downloads/a%20b.txt")).toBe(
      "https://edge.example/v1/sessions/eu_1/files/downloads/a%20b.txt?link=a%2Bb",
    );
  });

  it("loses what opens the session, which is kept for a reload", () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    const url = new URL("https://edge/view/x?embed=1&link=secret#top");
    expect(keep(at(url.href), url, store).clean).toBe("/view/x?embed=1#top");
    const again = new URL("https://edge/view/x?embed=1");
    expect(keep(at(again.href), again, store)).toEqual({
      address: { edge: "https://edge", session: "x", link: "secret" },
      clean: undefined,
    });
    const other = new URL("https://edge/view/y");
    expect(keep(at(other.href), other, store).address.link).toBeUndefined();
    kept.set("rookery:x", "{nonsense");
    expect(keep(at(again.href), again, store).address.link).toBeUndefined();
  });
});
