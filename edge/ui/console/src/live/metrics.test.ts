import { expect, test } from "vitest";
import { between, histogram, parse, quantile, since, sum } from "./metrics";

const TEXT = `# HELP rookery_commands_total Commands.
# TYPE rookery_commands_total counter
rookery_commands_total{action="click",code="ok"} 3
rookery_commands_total{action="type",code="ok"} 4 1700000000000
rookery_commands_total{action="a \\"b\\", \\\\c",code="a,b=}"} 1.5e3
rookery_plain 7
rookery_seconds_bucket{route="/a",le="0.1"} 2
rookery_seconds_bucket{route="/a",le="1"} 6
rookery_seconds_bucket{route="/a",le="+Inf"} 8
rookery_seconds_bucket{route="/b",le="0.1"} 0
rookery_seconds_bucket{route="/b",le="1"} 2
rookery_seconds_bucket{route="/b",le="+Inf"} 2

not a sample
{also="not"} 1
`;

test("samples with their labels are read, and nothing else", () => {
  const samples = parse(TEXT);
  expect(samples).toHaveLength(10);
  expect(samples[2]).toEqual({
    name: "rookery_commands_total",
    labels: { action: 'a "b", \\c', code: "a,b=}" },
    value: 1_500,
  });
  expect(samples[3]).toEqual({ name: "rookery_plain", labels: {}, value: 7 });
});

test("sums are over all that match", () => {
  const samples = parse(TEXT);
  expect(sum(samples, "rookery_commands_total", { code: "ok" })).toBe(7);
  expect(sum(samples, "rookery_commands_total", { code: "ok", action: "type" })).toBe(4);
  expect(sum(samples, "rookery_never_counted")).toBe(0);
});

test("a histogram adds up over labels", () => {
  const buckets = histogram(parse(TEXT), "rookery_seconds");
  expect([...buckets]).toEqual([
    [0.1, 2],
    [1, 8],
    [Number.POSITIVE_INFINITY, 10],
  ]);
  expect(histogram(parse(TEXT), "rookery_seconds", { route: "/b" }).get(1)).toBe(2);
});

test("quantiles lie within their bucket, by the share of it", () => {
  const buckets = new Map([
    [0.1, 0],
    [0.2, 10],
    [Number.POSITIVE_INFINITY, 20],
  ]);
  expect(quantile(0.25, buckets)).toBeCloseTo(0.15);
  expect(quantile(0.5, buckets)).toBeCloseTo(0.2);
  // Of what is beyond the last bound no more is known.
  expect(quantile(0.99, buckets)).toBe(0.2);
  expect(quantile(0.5, new Map())).toBeNull();
  expect(quantile(0.5, new Map([[1, 0]]))).toBeNull();
});

test("a server that began anew counts from 0", () => {
  expect(since(5, 8)).toBe(3);
  expect(since(50, 8)).toBe(8);
  const [whole, bound] = [Number.POSITIVE_INFINITY, 1];
  const before = new Map([
    [bound, 5],
    [whole, 9],
  ]);
  expect(
    between(
      before,
      new Map([
        [bound, 6],
        [whole, 12],
      ]),
    ),
  ).toEqual(
    new Map([
      [bound, 1],
      [whole, 3],
    ]),
  );
  const anew = new Map([
    [bound, 1],
    [whole, 2],
  ]);
  expect(between(before, anew)).toEqual(anew);
});
