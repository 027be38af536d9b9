// How many frames a second to ask for, from how long they lie on the way.

const STEPS = [1, 2, 5, 10, 15, 20, 30, 45, 60];
/** A picture that is this much later than the quickest one stands in a queue. */
const LATE = 400;
const GOOD = 120;
/** Late frames in a row before the rate falls, and how long all must be good before it rises again. */
const PATIENCE = 4;
const RECOVERY = 5_000;

/** A link that is slow for a while gets fewer frames and is not asked for more until it has been quick again. */
export class Rate {
  readonly limit: number;
  #step: number;
  #late = 0;
  #goodSince: number | undefined;
  #quickest = Number.POSITIVE_INFINITY;

  constructor(limit: number) {
    this.limit = limit;
    this.#step = STEPS.findLastIndex((step) => step <= limit);
  }

  /** Frames a second. */
  get fps(): number {
    const top = STEPS.findLastIndex((step) => step <= this.limit);
    return this.#step >= top ? this.limit : (STEPS[this.#step] ?? 1);
  }

  /** How old a picture is beyond the quickest one of this socket, since the clocks need not agree. */
  age(captured: number, now: number): number {
    const travelled = now - captured;
    this.#quickest = Math.min(this.#quickest, travelled);
    return travelled - this.#quickest;
  }

  /** Takes in one frame's age. True where another rate shall be asked for. */
  take(age: number, now: number): boolean {
    if (age > LATE) {
      this.#goodSince = undefined;
      this.#late += 1;
      return this.#late >= PATIENCE && this.#move(-1);
    }
    this.#late = 0;
    if (age > GOOD) {
      this.#goodSince = undefined;
      return false;
    }
    this.#goodSince ??= now;
    return now - this.#goodSince >= RECOVERY && this.#move(1);
  }

  #move(by: number): boolean {
    const before = this.fps;
    this.#late = 0;
    this.#goodSince = undefined;
    this.#step = Math.min(Math.max(this.#step + by, 0), STEPS.length - 1);
    return this.fps !== before;
  }
}
