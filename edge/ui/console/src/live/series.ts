// Series of what `/metrics` says, for as long as a page is open.

import { between, type Histogram, histogram, type Match, quantile, type Sample, since, sum } from "./metrics";

export interface Point {
  /** Unix time in milliseconds. */
  time: number;
  value: number | null;
}

export type Reader = (before: Look, after: Look) => number | null;

interface Look {
  time: number;
  samples: readonly Sample[];
}

/** A counter, a second. */
export function rate(name: string, match?: Match): Reader {
  return (before, after) => {
    const seconds = (after.time - before.time) / 1_000;
    return seconds <= 0
      ? null
      : since(sum(before.samples, name, match), sum(after.samples, name, match)) / seconds;
  };
}

/** A value as it is. */
export function gauge(name: string, match?: Match): Reader {
  return (_, after) => sum(after.samples, name, match);
}

/** A quantile of what a histogram counted meanwhile; nothing where it counted nothing. */
export function quantileOf(q: number, name: string, match?: Match): Reader {
  return (before, after) => {
    const counted: Histogram = between(
      histogram(before.samples, name, match),
      histogram(after.samples, name, match),
    );
    return quantile(q, counted);
  };
}

export const MOST = 300;
/** Rates and quantiles are of this long, so that a single event is not a spike of one look. */
const WINDOW_MS = 10_000;

export type Readers = Readonly<Record<string, Reader>>;
export type Series<R extends Readers> = { readonly [K in keyof R]: readonly Point[] };

/** Keeps the last points of each series, and the looks they are reckoned from. */
export class Recorder<R extends Readers> {
  private looks: Look[] = [];
  private readonly readers: R;
  series: Series<R>;

  constructor(readers: R) {
    this.readers = readers;
    this.series = Object.fromEntries(Object.keys(readers).map((key) => [key, []])) as unknown as Series<R>;
  }

  look(time: number, samples: readonly Sample[]): void {
    const after = { time, samples };
    // The oldest look that is within the window, else the one before this.
    const before = this.looks.find((look) => time - look.time <= WINDOW_MS) ?? this.looks.at(-1);
    this.looks = [...this.looks.filter((look) => time - look.time <= WINDOW_MS), after];
    if (before === undefined) return;
    const added = Object.entries(this.readers).map(([key, reader]) => {
      const point = { time, value: reader(before, after) };
      return [key, [...(this.series[key] ?? []), point].slice(-MOST)] as const;
    });
    this.series = Object.fromEntries(added) as unknown as Series<R>;
  }
}
