import { expect, test } from "vitest";
import { readFrame } from "./frames";

function message(version: number, codec: number, picture: number[]): ArrayBuffer {
  const bytes = new Uint8Array(32 + picture.length);
  bytes.set([version, codec, 0, 0, 0, 0, 1, 7]);
  bytes.set(picture, 32);
  return bytes.buffer;
}

test("a picture comes with its number", async () => {
  const frame = readFrame(message(1, 1, [0xff, 0xd8]));
  expect(frame?.seq).toBe(263);
  expect([...new Uint8Array((await frame?.jpeg.arrayBuffer()) ?? [])]).toEqual([0xff, 0xd8]);
});

test("what cannot be drawn is none", () => {
  expect(readFrame(message(2, 1, [1]))).toBeNull();
  expect(readFrame(message(1, 2, [1]))).toBeNull();
  expect(readFrame(message(1, 1, []))).toBeNull();
  expect(readFrame(new ArrayBuffer(3))).toBeNull();
});
