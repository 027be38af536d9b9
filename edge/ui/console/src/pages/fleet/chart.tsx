import { useId, useState } from "react";
import type { Point } from "../../live/series";

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
const SPAN_MS = 5 * 60_000;

/** The last five minutes of one or two series. The first is filled, the second dashed. */
export function Chart({ title, lines, format }: Props) {
  const id = useId();
  const [at, setAt] = useState<number | null>(null);
  const end = Math.max(...lines.map((line) => line.points.at(-1)?.time ?? 0), 0);
  const values = lines.flatMap((line) => line.points.flatMap(({ value }) => value ?? []));
  const top = nice(Math.max(0, ...values));
  const x = (time: number) => WIDTH - ((end - time) / SPAN_MS) * WIDTH;
  const y = (value: number) => HEIGHT - (value / top) * HEIGHT;
  const looked = at === null ? end : end - (1 - at) * SPAN_MS;
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
        <span className="text-right">
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
          parts(points).map((part) => {
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
        <span>{at === null ? "5 min ago" : new Date(looked).toLocaleTimeString([], { hour12: false })}</span>
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

/** Where nothing was counted there is no line. */
export function parts(points: readonly Point[]): Known[][] {
  const found: Known[][] = [[]];
  const from = (points.at(-1)?.time ?? 0) - SPAN_MS;
  for (const { time, value } of points) {
    if (value === null || time < from) {
      if (found.at(-1)?.length !== 0) found.push([]);
    } else {
      found.at(-1)?.push({ time, value });
    }
  }
  return found.filter((part) => part.length > 0);
}
