import { describe, expect, it } from "vitest";
import { isInside, letterbox, toPage, toScreen, wantedWidth } from "../src/geometry.ts";

const input = { width: 1280, height: 720 };

describe("the picture on the stage", () => {
  it("keeps its proportions and stands in the middle", () => {
    expect(letterbox({ width: 1000, height: 1000 }, input, 1)).toEqual({
      left: 0,
      top: 219,
      width: 1000,
      height: 562,
    });
    expect(letterbox({ width: 2000, height: 720 }, input, 1)).toEqual({
      left: 360,
      top: 0,
      width: 1280,
      height: 720,
    });
  });

  it("begins and ends on whole pixels of the screen", () => {
    for (const ratio of [1, 1.25, 1.5, 2, 2.625, 3]) {
      const box = letterbox({ width: 733, height: 411 }, { width: 1366, height: 657 }, ratio);
      for (const side of [box.left, box.top, box.width, box.height]) {
        expect(Math.abs(side * ratio - Math.round(side * ratio))).toBeLessThan(1e-6);
      }
      expect(box.left * 2 + box.width).toBeLessThanOrEqual(733 + 1 / ratio);
    }
  });
});

describe("a point of the screen", () => {
  it("is the page's own at any size", () => {
    for (const width of [320, 777, 1280, 2560]) {
      const box = { left: 13.5, top: 41, width, height: (width * 720) / 1280 };
      for (const [x, y] of [
        [0, 0],
        [1, 719],
        [333.25, 77.5],
        [1279.99, 719.99],
      ] as const) {
        const screen = toScreen({ x, y, width: 0, height: 0 }, box, input);
        const back = toPage({ x: screen.left, y: screen.top }, box, input);
        expect(back.x).toBeCloseTo(x, 2);
        expect(back.y).toBeCloseTo(y, 2);
      }
    }
  });

  it("is inside or not", () => {
    expect(isInside({ x: 0, y: 0 }, input)).toBe(true);
    expect(isInside({ x: 1279.99, y: 719.99 }, input)).toBe(true);
    expect(isInside({ x: 1280, y: 10 }, input)).toBe(false);
    expect(isInside({ x: 10, y: -0.01 }, input)).toBe(false);
  });
});

describe("the width that is asked for", () => {
  it("goes by the pixels of the screen, in steps", () => {
    expect(wantedWidth({ width: 390, height: 600 }, 3)).toBe(1280);
    expect(wantedWidth({ width: 1000, height: 600 }, 1)).toBe(1120);
    expect(wantedWidth({ width: 1119, height: 600 }, 1)).toBe(1120);
    expect(wantedWidth({ width: 8000, height: 600 }, 2)).toBe(3840);
  });
});
