import { expect, test } from "vitest";
import { age, bytes, duration, plural, shortId, shortUrl } from "./format";

test("durations have their two largest units at the most", () => {
  const of = [0, 850, 1_250, 42_000, 75_000, 720_000, 3_600_000, 5_400_000, 90_000_000];
  expect(of.map(duration)).toEqual([
    "0 ms",
    "850 ms",
    "1.3 s",
    "42 s",
    "1 min 15 s",
    "12 min",
    "1 h",
    "1 h 30 min",
    "1 d 1 h",
  ]);
  expect([-5, 900, 9_999].map(age)).toEqual(["0 s", "0 s", "9 s"]);
});

test("sizes, counts, ids and addresses are short", () => {
  expect([0, 999, 1_500, 250_000, 3_200_000_000].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.5 kB",
    "250 kB",
    "3.2 GB",
  ]);
  expect([plural(1, "tab"), plural(2_000, "session")]).toEqual(["1 tab", "2,000 sessions"]);
  expect(shortId("local_01a1f8a3285d7104bccbfdf372da4ed8")).toBe("…72da4ed8");
  expect(shortUrl("https://www.example.com/a/")).toBe("example.com/a");
});
