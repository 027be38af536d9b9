// What a person does, on its way to the page: in order, in few messages, numbered.

import type { InputEvent } from "../protocol.ts";

/** The server's own limit of one message. */
export const MAX_EVENTS = 256;
/** Beyond this many bytes that a link has not taken, moves and wheel turns are left out. */
export const CONGESTED = 64 * 1024;

export interface Batch {
  type: "input";
  epoch: number;
  n: number;
  tab?: number;
  events: InputEvent[];
}

/** Joins `next` to `last` where the page could not tell the difference at its own frame rate. */
export function join(last: InputEvent | undefined, next: InputEvent): InputEvent | undefined {
  if (last?.kind === "mouse" && next.kind === "mouse") {
    return last.event === "move" && next.event === "move" && same(last.modifiers, next.modifiers)
      ? next
      : undefined;
  }
  if (last?.kind === "wheel" && next.kind === "wheel" && same(last.modifiers, next.modifiers)) {
    return { ...next, delta_x: last.delta_x + next.delta_x, delta_y: last.delta_y + next.delta_y };
  }
  if (last?.kind === "touch" && next.kind === "touch" && last.event === "move" && next.event === "move") {
    const ids = (event: typeof last) => event.points.map((point) => point.id).join();
    return ids(last) === ids(next) ? next : undefined;
  }
  return last?.kind === "compose" && next.kind === "compose" ? next : undefined;
}

function same(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return (a ?? []).join() === (b ?? []).join();
}

/** What may be late without anybody noticing: it waits for the next animation frame. */
function canWait(event: InputEvent): boolean {
  if (event.kind === "mouse" || event.kind === "touch") return event.event === "move";
  return event.kind === "wheel";
}

export interface Port {
  /** The epoch of control, or nothing where this viewer does not drive. */
  epoch(): number | undefined;
  tab(): number | undefined;
  /** Bytes that the link has not taken yet. */
  waiting(): number;
  send(batch: Batch): void;
  /** Calls back at the next animation frame. */
  later(run: () => void): void;
}

export class Queue {
  readonly #port: Port;
  #events: InputEvent[] = [];
  #n = 0;
  #scheduled = false;

  constructor(port: Port) {
    this.#port = port;
  }

  /** False where it is dropped, because somebody else drives. */
  push(event: InputEvent): boolean {
    if (this.#port.epoch() === undefined) {
      this.#events = [];
      return false;
    }
    const joined = join(this.#events.at(-1), event);
    if (joined) this.#events[this.#events.length - 1] = joined;
    else this.#events.push(event);
    if (!canWait(event) || this.#events.length >= MAX_EVENTS) this.flush();
    else this.#schedule();
    return true;
  }

  flush(): void {
    const epoch = this.#port.epoch();
    const congested = this.#port.waiting() > CONGESTED;
    const events = congested ? this.#events.filter((event) => !canWait(event)) : this.#events;
    this.#events = [];
    if (epoch === undefined) return;
    for (let at = 0; at < events.length; at += MAX_EVENTS) {
      const part = events.slice(at, at + MAX_EVENTS);
      const batch: Batch = { type: "input", epoch, n: this.#n, events: part };
      const tab = this.#port.tab();
      if (tab !== undefined) batch.tab = tab;
      this.#n += part.length;
      this.#port.send(batch);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#port.later(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
