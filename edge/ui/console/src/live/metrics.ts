// What Prometheus would read of `/metrics`, read by the page itself.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*,?\s*/g;

/** The samples of a text in Prometheus' format; lines that are none are passed over. */
export function parse(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, inside, number] = LINE.exec(line.trim()) ?? [];
    if (name === undefined || number === undefined) continue;
    samples.push({ name, labels: labels(inside ?? ""), value: toNumber(number) });
  }
  return samples;
}

function labels(inside: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, key, value] of inside.matchAll(LABEL)) {
    if (key !== undefined) found[key] = unescaped(value ?? "");
  }
  return found;
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function toNumber(number: string): number {
  if (number === "+Inf") return Number.POSITIVE_INFINITY;
  if (number === "-Inf") return Number.NEGATIVE_INFINITY;
  return Number(number);
}

export type Match = Readonly<Record<string, string>>;

function of(samples: readonly Sample[], name: string, match: Match): Sample[] {
  const wanted = Object.entries(match);
  return samples.filter(
    (sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
  );
}

/** The sum over all that match; 0 where a counter has not been counted yet. */
export function sum(samples: readonly Sample[], name: string, match: Match = {}): number {
  return of(samples, name, match).reduce((total, sample) => total + sample.value, 0);
}

/** A histogram: how many were at most so large, by the upper bounds. */
export type Histogram = ReadonlyMap<number, number>;

export function histogram(samples: readonly Sample[], name: string, match: Match = {}): Histogram {
  const buckets = new Map<number, number>();
  for (const { labels, value } of of(samples, `${name}_bucket`, match)) {
    const bound = toNumber(labels.le ?? "NaN");
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return buckets;
}

/** What came between two looks. A server that began anew began at 0. */
export function since(before: number, after: number): number {
  return after < before ? after : after - before;
}

export function between(before: Histogram, after: Histogram): Histogram {
  const whole = Number.POSITIVE_INFINITY;
  const anew = (after.get(whole) ?? 0) < (before.get(whole) ?? 0);
  return new Map(
    [...after].map(([bound, count]) => [bound, anew ? count : count - (before.get(bound) ?? 0)]),
  );
}

/**
 * The value below which a share `q` of what was counted lies, as Prometheus' `histogram_quantile` reckons it; `null`
 * where nothing was.
 */
export function quantile(q: number, buckets: Histogram): number | null {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  const rank = q * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of sorted) {
    if (count >= rank) {
      // What is beyond the last bound is at least that.
      if (!Number.isFinite(bound)) return lower;
      const within = count - below;
      return within <= 0 ? bound : lower + (bound - lower) * ((rank - below) / within);
    }
    lower = bound;
    below = count;
  }
  return lower;
}
