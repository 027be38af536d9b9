import { expect, test } from "vitest";
import { nice, parts } from "./chart";

test("scales are 1, 2 or 5 with zeros", () => {
  expect([0, 0.03, 0.7, 1, 1.2, 3, 6, 180, 1_001].map(nice)).toEqual([1, 0.05, 1, 1, 2, 5, 10, 200, 2_000]);
});

test("where nothing was counted, or nobody looked, the line has a gap", () => {
  const points = [1, 2, null, 3].map((value, n) => ({ time: n * 2_000, value }));
  const late = { time: 60_000, value: 4 };
  expect(parts([...points, late], 0).map((part) => part.map(({ value }) => value))).toEqual([
    [1, 2],
    [3],
    [4],
  ]);
  expect(parts(points, 2_000)).toHaveLength(2);
  expect(parts([], 0)).toEqual([]);
});
