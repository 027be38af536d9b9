import { expect, test } from "vitest";
import { parse } from "./metrics";
import { gauge, MOST, quantileOf, Recorder, rate } from "./series";

function at(count: number): ReturnType<typeof parse> {
  return parse(`c_total ${count}\nh_bucket{le="1"} ${count}\nh_bucket{le="+Inf"} ${count}\n`);
}

function recorder() {
  return new Recorder({ rate: rate("c_total"), now: gauge("c_total"), half: quantileOf(0.5, "h") });
}

test("the first look has nothing to be compared with", () => {
  const one = recorder();
  one.look(0, at(100));
  expect(one.series.rate).toEqual([]);
});

test("rates are of the last ten seconds", () => {
  const one = recorder();
  for (let second = 0; second <= 20; second += 2)
    one.look(second * 1_000, at(second < 10 ? 0 : (second - 8) * 10));
  // From 10 s (20) to 20 s (120).
  expect(one.series.rate.at(-1)).toEqual({ time: 20_000, value: 10 });
  expect(one.series.now.at(-1)?.value).toBe(120);
});

test("a quantile of nothing is none", () => {
  const one = recorder();
  one.look(0, at(5));
  one.look(2_000, at(5));
  expect(one.series.half.at(-1)).toEqual({ time: 2_000, value: null });
  one.look(4_000, at(6));
  expect(one.series.half.at(-1)?.value).toBe(0.5);
});

test("a page that was away for long is compared with its last look", () => {
  const one = recorder();
  one.look(0, at(0));
  one.look(60_000, at(600));
  expect(one.series.rate).toEqual([{ time: 60_000, value: 10 }]);
});

test("as many points are kept as are shown", () => {
  const one = recorder();
  for (let look = 0; look < MOST + 50; look += 1) one.look(look * 2_000, at(look));
  expect(one.series.rate).toHaveLength(MOST);
  expect(one.series.rate.at(-1)?.time).toBe((MOST + 49) * 2_000);
});
