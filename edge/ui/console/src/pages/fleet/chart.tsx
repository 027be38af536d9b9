import { useId, useState } from "react";
import type { Point } from "../../live/series";
import { duration } from "../../ui/format";

export interface Line {
  name: string;
  points: readonly Point[];
}

interface Props {
  title: string;
  lines: readonly Line[];
  format: (value: number) => string;
}

const WIDTH = 320;
const HEIGHT = 72;
const SHORTEST_MS = 60_000;
const LONGEST_MS = 5 * 60_000;
/** Points further apart have a time between them in which nobody looked. */
const GAP_MS = 15_000;

/** The last minutes of one or two series, five at the most. The first is filled, the second dashed. */
export function Chart({ title, lines, format }: Props) {
  const id = useId();
  const [at, setAt] = useState<number | null>(null);
  const end = Math.max(...lines.map((line) => line.points.at(-1)?.time ?? 0), 0);
  const begin = Math.min(...lines.map((line) => line.points[0]?.time ?? end));
  const span = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, end - begin));
  const values = lines.flatMap((line) => line.points.flatMap(({ value }) => value ?? []));
  const top = nice(Math.max(0, ...values));
  const x = (time: number) => WIDTH - ((end - time) / span) * WIDTH;
  const y = (value: number) => HEIGHT - (value / top) * HEIGHT;
  const looked = at === null ? end : end - (1 - at) * span;
  const read = lines.map(({ name, points }) => ({ name, point: nearest(points, looked) }));
  const said = read
    .map(({ name, point }) => `${name} ${point?.value == null ? "none" : format(point.value)}`)
    .join(", ");
  return (
    <figure className="flex flex-col gap-2 rounded-lg border border-line bg-surface p-4" aria-labelledby={id}>
      <figcaption className="flex h-10 items-start justify-between gap-2">
        <span id={id} className="font-medium">
          {title}
        </span>
        <span className="shrink-0 text-right whitespace-nowrap">
          {read.map(({ name, point }, n) => (
            <span key={name} className="block">
              {lines.length > 1 && <span className="text-muted">{n === 0 ? "— " : "┄ "}</span>}
              {lines.length > 1 && <span className="text-muted">{name} </span>}
              <span className="font-medium">{point?.value == null ? "–" : format(point.value)}</span>
            </span>
          ))}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${said}`}
        className="h-18 w-full overflow-visible"
        onPointerMove={({ currentTarget, clientX }) => {
          const box = currentTarget.getBoundingClientRect();
          setAt(Math.max(0, Math.min(1, (clientX - box.left) / box.width)));
        }}
        onPointerLeave={() => setAt(null)}
      >
        <line
          x1="0"
          x2={WIDTH}
          y1={HEIGHT}
          y2={HEIGHT}
          className="stroke-line"
          vectorEffect="non-scaling-stroke"
        />
        <line
          x1="0"
          x2={WIDTH}
          y1="0"
          y2="0"
          className="stroke-line"
          strokeDasharray="2 4"
          vectorEffect="non-scaling-stroke"
        />
        {lines.map(({ name, points }, n) =>
          parts(points, end - span).map((part) => {
            const path = part
              .map(({ time, value }) => `${x(time).toFixed(1)} ${y(value).toFixed(1)}`)
              .join(" L");
            const [first] = part;
            const last = part.at(-1);
            return (
              <g key={`${name} ${first?.time}`}>
                {n === 0 && first && last && (
                  <path
                    d={`M${x(first.time)} ${HEIGHT} L${path} L${x(last.time)} ${HEIGHT}Z`}
                    className="fill-accent opacity-10"
                  />
                )}
                <path
                  d={`M${path}${part.length === 1 ? "h1" : ""}`}
                  className="fill-none stroke-accent"
                  strokeWidth="1.5"
                  strokeDasharray={n === 0 ? undefined : "3 3"}
                  vectorEffect="non-scaling-stroke"
                />
              </g>
            );
          }),
        )}
        {at !== null && (
          <line
            x1={at * WIDTH}
            x2={at * WIDTH}
            y1="0"
            y2={HEIGHT}
            className="stroke-strong-line"
            vectorEffect="non-scaling-stroke"
          />
        )}
      </svg>
      <div className="flex justify-between text-xs leading-4 text-muted" aria-hidden>
        <span>
          {at === null ? `${duration(span)} ago` : new Date(looked).toLocaleTimeString([], { hour12: false })}
        </span>
        <span>top {format(top)}</span>
      </div>
    </figure>
  );
}

/** The next value of 1, 2 or 5 with zeros, so that the scale does not move with every point. */
export function nice(value: number): number {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => value <= factor * unit) ?? 10;
  return step * unit;
}

function nearest(points: readonly Point[], time: number): Point | undefined {
  return points.findLast((point) => point.time <= time + 1_000);
}

interface Known {
  time: number;
  value: number;
}

/** Where nothing was counted, and where nobody looked, there is no line. */
export function parts(points: readonly Point[], from: number): Known[][] {
  const found: Known[][] = [];
  let last: Known | null = null;
  for (const { time, value } of points) {
    const known: Known | null = value === null || time < from ? null : { time, value };
    if (known !== null) {
      if (last === null || time - last.time > GAP_MS) found.push([]);
      found.at(-1)?.push(known);
    }
    last = known;
  }
  return found;
}
