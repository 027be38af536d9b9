import { describe, expect, it } from "vitest";
import { decode, HEADER } from "../src/frame.ts";

/** A frame as the worker writes it. */
function frame(change: (view: DataView) => void = () => undefined): ArrayBuffer {
  const bytes = new ArrayBuffer(HEADER + 3);
  const view = new DataView(bytes);
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint32(4, 4_294_967_295);
  view.setBigUint64(8, 1_796_083_200_000_001n);
  view.setUint16(16, 1920);
  view.setUint16(18, 1080);
  view.setUint32(20, 3);
  view.setUint16(24, 1280);
  view.setUint16(26, 720);
  new Uint8Array(bytes).set([0xff, 0xd8, 0xff], HEADER);
  change(view);
  return bytes;
}

describe("the header of a frame", () => {
  it("is read as it is written", () => {
    const { jpeg, ...header } = decode(frame()) ?? expect.fail("no frame");
    expect(header).toEqual({
      seq: 4_294_967_295,
      capturedAt: 1_796_083_200_000_001,
      width: 1920,
      height: 1080,
      tab: 3,
      inputWidth: 1280,
      inputHeight: 720,
    });
    expect([...jpeg]).toEqual([0xff, 0xd8, 0xff]);
  });

  it.each([
    ["another version", (view: DataView) => view.setUint8(0, 2)],
    ["another codec", (view: DataView) => view.setUint8(1, 2)],
    ["no width", (view: DataView) => view.setUint16(16, 0)],
    ["no input size", (view: DataView) => view.setUint16(26, 0)],
  ])("is refused with %s", (_, change) => {
    expect(decode(frame(change))).toBeUndefined();
  });

  it("is refused without a picture behind it", () => {
    expect(decode(frame().slice(0, HEADER))).toBeUndefined();
    expect(decode(new ArrayBuffer(0))).toBeUndefined();
  });
});
