import { beforeEach, describe, expect, it } from "vitest";
import { type Batch, CONGESTED, MAX_EVENTS, Queue } from "../src/input/queue.ts";
import type { InputEvent } from "../src/protocol.ts";

const move = (x: number): InputEvent => ({ kind: "mouse", event: "move", x, y: 0 });
const down: InputEvent = { kind: "mouse", event: "down", x: 1, y: 1, button: "left" };
const wheel = (delta_y: number): InputEvent => ({ kind: "wheel", x: 5, y: 5, delta_x: 1, delta_y });

let epoch: number | undefined;
let tab: number | undefined;
let waiting: number;
let sent: Batch[];
let frames: (() => void)[];
let queue: Queue;

beforeEach(() => {
  [epoch, tab, waiting, sent, frames] = [4, undefined, 0, [], []];
  queue = new Queue({
    epoch: () => epoch,
    tab: () => tab,
    waiting: () => waiting,
    send: (batch) => sent.push(batch),
    later: (run) => frames.push(run),
  });
});

const nextFrame = () => frames.splice(0).forEach((run) => void run());
const events = () => sent.flatMap((batch) => batch.events);

describe("what a person does", () => {
  it("goes as one move for each animation frame", () => {
    for (let x = 0; x < 50; x++) queue.push(move(x));
    expect(sent).toEqual([]);
    expect(frames).toHaveLength(1);
    nextFrame();
    expect(events()).toEqual([move(49)]);
  });

  it("goes at once when it is a click, behind the moves before it", () => {
    queue.push(move(1));
    queue.push(down);
    expect(events()).toEqual([move(1), down]);
    nextFrame();
    expect(sent).toHaveLength(1);
  });

  it("adds up what the wheel turned", () => {
    queue.push(wheel(40));
    queue.push(wheel(2.5));
    nextFrame();
    expect(events()).toEqual([{ kind: "wheel", x: 5, y: 5, delta_x: 2, delta_y: 42.5 }]);
  });

  it("keeps apart what is done with other modifiers, or other fingers", () => {
    queue.push(wheel(40));
    queue.push({ ...wheel(40), modifiers: ["Control"] } as InputEvent);
    const touch = (ids: number[]): InputEvent => ({
      kind: "touch",
      event: "move",
      points: ids.map((id) => ({ id, x: 1, y: 1 })),
    });
    queue.push(touch([1, 2]));
    queue.push(touch([1]));
    nextFrame();
    expect(events()).toHaveLength(4);
  });

  it("is numbered by its events, with the epoch and the tab", () => {
    queue.push(down);
    tab = 7;
    queue.push(move(2));
    queue.push(down);
    queue.push(down);
    expect(sent.map(({ n, epoch, tab }) => [n, epoch, tab])).toEqual([
      [0, 4, undefined],
      [1, 4, 7],
      [3, 4, 7],
    ]);
  });

  it("is dropped while somebody else drives, also what waited", () => {
    queue.push(move(1));
    epoch = undefined;
    expect(queue.push(down)).toBe(false);
    nextFrame();
    epoch = 5;
    queue.push(down);
    expect(events()).toEqual([down]);
    expect(sent[0]?.epoch).toBe(5);
  });

  it("never makes a message of more than the server takes", () => {
    for (let x = 0; x < 600; x++)
      queue.push({ kind: "wheel", x, y: 0, delta_x: 0, delta_y: 1, modifiers: x % 2 ? ["Shift"] : [] });
    nextFrame();
    expect(events()).toHaveLength(600);
    expect(Math.max(...sent.map((batch) => batch.events.length))).toBeLessThanOrEqual(MAX_EVENTS);
    expect(sent.map((batch) => batch.n)).toEqual([0, 256, 512]);
  });

  it("leaves out what may be left out when the link does not take it", () => {
    waiting = CONGESTED + 1;
    queue.push(move(1));
    queue.push(down);
    expect(events()).toEqual([down]);
  });
});
