import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { whoamiQuery, workersQuery } from "../../api/queries";
import type { Worker } from "../../api/types";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { age, plural } from "../../ui/format";
import { complain, say } from "../../ui/notices";
import { useNow } from "../../ui/now";

const HEADS = ["Worker", "Slots", "Pressure", "Browsers", "Version", "Up for"];
const GRACE_S = 300;

export function Workers({ workers }: { workers: readonly Worker[] | undefined }) {
  const { data: who } = useQuery(whoamiQuery);
  const client = useQueryClient();
  const [draining, setDraining] = useState<Worker | null>(null);
  const [grace, setGrace] = useState(String(GRACE_S));
  const grace_s = Number(grace);
  const drain = async (worker: Worker) => {
    try {
      await request("POST", `/v1/workers/${encodeURIComponent(worker.id)}/drain`, { body: { grace_s } });
      say(`${worker.id} drains`);
    } catch (cause) {
      complain(`${worker.id} does not drain`, cause);
    }
    await client.invalidateQueries({ queryKey: workersQuery.queryKey });
  };
  return (
    <div className="scroll-quiet overflow-x-auto rounded-lg border border-line bg-surface">
      <table className="w-full min-w-[52rem] text-left">
        <thead className="text-xs text-muted">
          <tr>
            {HEADS.map((head) => (
              <th key={head} scope="col" className="h-8 px-4 font-medium">
                {head}
              </th>
            ))}
            <th scope="col" className="px-4">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {workers === undefined ? (
            <SkeletonRow />
          ) : (
            workers.map((worker) => (
              <Row
                key={worker.id}
                worker={worker}
                operator={who?.operator ?? false}
                drain={() => setDraining(worker)}
              />
            ))
          )}
        </tbody>
      </table>
      <Confirm
        open={draining !== null}
        close={() => setDraining(null)}
        title="Drain this worker?"
        about={
          <p>
            <strong className="text-ink">{draining?.id}</strong> takes no more sessions and stops once it has
            none.{" "}
            {draining && draining.busy > 0
              ? `It has ${plural(draining.busy, "session")}, which may go on for as long as you say.`
              : "It has none now."}
          </p>
        }
        action="Drain worker"
        confirm={() => {
          if (draining) void drain(draining);
        }}
      >
        <label className="flex items-center gap-2">
          Its sessions may go on for
          <input
            type="number"
            min={0}
            max={86_400}
            step={1}
            value={grace}
            onChange={({ target }) => setGrace(target.value)}
            className="h-8 w-24 rounded-md border border-strong-line bg-ground px-2"
          />
          seconds
        </label>
      </Confirm>
    </div>
  );
}

function Row({ worker, operator, drain }: { worker: Worker; operator: boolean; drain: () => void }) {
  const now = useNow();
  const state = worker.frozen ? "frozen: it cannot renew its lease" : worker.draining ? "draining" : null;
  return (
    <tr className="border-t border-line">
      <th scope="row" className="px-4 py-2 font-normal whitespace-nowrap">
        <span className="block font-medium">{worker.id}</span>
        <span className="block text-xs leading-4 text-muted">
          {worker.host}, {worker.region}, {worker.pools.join(" ")}
          {state && <span className={worker.frozen ? "text-bad" : "text-warn"}> · {state}</span>}
        </span>
      </th>
      <td className="px-4 py-2">
        <Meter
          share={worker.slots === 0 ? 1 : worker.busy / worker.slots}
          text={`${worker.busy} of ${worker.slots}`}
          about={worker.warm > 0 ? `, ${worker.warm} warm` : ""}
          label={`Slots of ${worker.id}`}
        />
      </td>
      <td className="px-4 py-2">
        <Meter
          share={worker.pressure}
          text={`${Math.round(worker.pressure * 100)} %`}
          label={`Pressure of ${worker.id}`}
        />
      </td>
      <td className="px-4 py-2 text-muted">{worker.simulated ? "simulated" : worker.browsers.join(", ")}</td>
      <td className="px-4 py-2 text-muted">{worker.version}</td>
      <td className="w-28 px-4 py-2 whitespace-nowrap text-muted">
        {age(now - Date.parse(worker.started_at))}
      </td>
      <td className="px-4 py-2 text-right">
        <Button
          onClick={drain}
          disabled={!operator || worker.draining}
          title={operator ? undefined : "Draining needs a token of an operator"}
        >
          {worker.draining ? "Draining" : "Drain…"}
        </Button>
      </td>
    </tr>
  );
}

interface MeterProps {
  share: number;
  text: string;
  about?: string;
  label: string;
}

const HIGH = 0.9;

function Meter({ share, text, about, label }: MeterProps) {
  const percent = Math.round(Math.max(0, Math.min(1, share)) * 100);
  return (
    <div className="w-32">
      <span>
        {text}
        <span className="text-muted">{about}</span>
      </span>
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={text}
        className="mt-1 h-1 overflow-hidden rounded-full bg-line"
      >
        <div
          className={`h-full rounded-full transition-[width] duration-500 ${share >= HIGH ? "bg-warn" : "bg-accent"}`}
          style={{ width: `${percent}%` }}
        />
      </div>
    </div>
  );
}

function SkeletonRow() {
  return (
    <tr className="border-t border-line">
      {HEADS.map((head) => (
        <td key={head} className="h-14 px-4">
          <div className="skeleton h-4 w-24" />
        </td>
      ))}
      <td />
    </tr>
  );
}
