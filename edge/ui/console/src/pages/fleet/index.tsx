import { useQuery } from "@tanstack/react-query";
import { Server } from "lucide-react";
import { queueQuery, workersQuery } from "../../api/queries";
import type { Worker } from "../../api/types";
import { Empty } from "../../ui/empty";
import { plural } from "../../ui/format";
import { ProblemNote } from "../../ui/problem";
import { Charts } from "./charts";
import { QueueTable } from "./queue";
import { Workers } from "./workers";

export function FleetPage() {
  const workers = useQuery(workersQuery);
  const queue = useQuery(queueQuery);
  return (
    <main className="scroll-quiet h-full overflow-y-auto">
      <div className="mx-auto flex max-w-7xl flex-col gap-8 p-4 sm:p-6">
        <section>
          <div className="mb-4 flex items-baseline gap-4">
            <h1 className="text-base font-semibold">Workers</h1>
            {workers.data && <p className="text-muted">{totals(workers.data.workers)}</p>}
          </div>
          {workers.error && <ProblemNote cause={workers.error} retry={() => void workers.refetch()} />}
          <Missing regions={workers.data?.missing_regions} what="workers" />
          {workers.data?.workers.length === 0 ? (
            <Empty icon={<Server size={32} aria-hidden />} title="No workers">
              <p>
                Sessions wait until there is one. Start one on this machine or another:
                <code className="mt-2 block rounded-md bg-ground px-3 py-2 font-mono text-xs">
                  rookery worker --nats-url nats://… --slots 4
                </code>
              </p>
            </Empty>
          ) : (
            <Workers workers={workers.data?.workers} />
          )}
        </section>
        <section>
          <h2 className="mb-4 text-base font-semibold">Queue</h2>
          {queue.error && <ProblemNote cause={queue.error} retry={() => void queue.refetch()} />}
          <Missing regions={queue.data?.missing_regions} what="requests" />
          <QueueTable report={queue.data} />
        </section>
        <Charts />
      </div>
    </main>
  );
}

function totals(workers: readonly Worker[]): string {
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
  const busy = workers.reduce((sum, worker) => sum + worker.busy, 0);
  const warm = workers.reduce((sum, worker) => sum + worker.warm, 0);
  return `${busy} of ${plural(slots, "slot")} busy, ${plural(warm, "browser")} warm`;
}

function Missing({ regions, what }: { regions: string[] | undefined; what: string }) {
  if (!regions || regions.length === 0) return null;
  return (
    <p className="mb-2 text-warn">
      The {what} of {regions.join(", ")} are not shown: that region does not answer.
    </p>
  );
}
