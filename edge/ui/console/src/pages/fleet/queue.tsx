import type { QueueReport } from "../../api/types";
import { duration, plural } from "../../ui/format";

/** What waits: your own requests by class, and all of each pool. */
export function QueueTable({ report }: { report: QueueReport | undefined }) {
  if (report === undefined) return <div className="skeleton h-12" />;
  const waiting = report.pools.filter((pool) => pool.waiting > 0);
  if (waiting.length === 0) {
    return (
      <p className="flex h-12 items-center rounded-lg border border-line bg-surface px-4 text-muted">
        Nothing waits. A request for a session starts at once.
      </p>
    );
  }
  return (
    <div className="overflow-x-auto rounded-lg border border-line bg-surface">
      <table className="w-full min-w-[32rem] text-left">
        <thead className="text-xs text-muted">
          <tr>
            {["Pool", "Region", "Waiting", "Longest wait", "Yours"].map((head) => (
              <th key={head} scope="col" className="h-8 px-4 font-medium">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {waiting.map(({ pool, region, waiting, oldest_wait_ms }) => (
            <tr key={`${region} ${pool}`} className="h-12 border-t border-line">
              <th scope="row" className="px-4 font-medium">
                {pool}
              </th>
              <td className="px-4 text-muted">{region}</td>
              <td className="px-4">{plural(waiting, "request")}</td>
              <td className="px-4">{duration(oldest_wait_ms)}</td>
              <td className="px-4 text-muted">{yours(report, pool, region)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function yours(report: QueueReport, pool: string, region: string): string {
  const own = report.queues.filter(
    (queue) => queue.pool === pool && queue.region === region && queue.waiting > 0,
  );
  const said = own.map(
    ({ class: of, waiting, oldest_wait_ms }) => `${waiting} ${of}, ${duration(oldest_wait_ms)}`,
  );
  return said.join("; ") || "none";
}
