import { bytes, duration } from "../../ui/format";
import { ProblemNote } from "../../ui/problem";
import { Chart } from "./chart";
import { useSeries } from "./use-series";

const perSecond = (value: number) =>
  `${Number.isInteger(value) || value >= 10 ? Math.round(value) : value.toFixed(1)} /s`;
const seconds = (value: number) => duration(value * 1_000);
const count = (value: number) => String(Math.round(value));

export function Charts() {
  const { series, problem } = useSeries();
  return (
    <section>
      <div className="mb-4 flex flex-wrap items-baseline gap-x-4">
        <h2 className="text-base font-semibold">Rates and latencies</h2>
        <p className="text-muted">
          As this gateway counts them, over ten seconds each, since the page was opened.
        </p>
      </div>
      {problem && <ProblemNote cause={problem} title="No metrics" />}
      <div className="grid grid-cols-[repeat(auto-fill,minmax(17rem,1fr))] gap-4">
        <Chart
          title="Sessions made"
          format={perSecond}
          lines={[{ name: "sessions", points: series.created }]}
        />
        <Chart
          title="Until a session is ready"
          format={seconds}
          lines={[
            { name: "p50", points: series.ready50 },
            { name: "p95", points: series.ready95 },
          ]}
        />
        <Chart title="Commands" format={perSecond} lines={[{ name: "commands", points: series.commands }]} />
        <Chart
          title="Until a command is answered"
          format={seconds}
          lines={[
            { name: "p50", points: series.command50 },
            { name: "p95", points: series.command95 },
          ]}
        />
        <Chart
          title="HTTP requests"
          format={perSecond}
          lines={[{ name: "requests", points: series.requests }]}
        />
        <Chart
          title="Pictures to viewers"
          format={perSecond}
          lines={[{ name: "pictures", points: series.frames }]}
        />
        <Chart
          title="Their size"
          format={(value) => `${bytes(value)}/s`}
          lines={[{ name: "bytes", points: series.frame_bytes }]}
        />
        <Chart title="Open WebSockets" format={count} lines={[{ name: "sockets", points: series.sockets }]} />
      </div>
    </section>
  );
}
