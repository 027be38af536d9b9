import { Bot, Pause, User } from "lucide-react";
import type { Control, Session, State } from "../api/types";

export const STATE_NAMES: Record<State, string> = {
  queued: "Queued",
  starting: "Starting",
  ready: "Ready",
  recovering: "Recovering",
  closing: "Closing",
  ended: "Ended",
};

const DOTS: Record<State, string> = {
  queued: "border-2 border-strong-line",
  starting: "bg-warn",
  ready: "bg-good",
  recovering: "bg-warn",
  closing: "bg-strong-line",
  ended: "bg-strong-line",
};

/** Reasons that nobody wished for. */
const FAILURES = new Set([
  "crashed",
  "oom",
  "evicted",
  "worker_lost",
  "region_lost",
  "start_failed",
  "queue_timeout",
]);

export function StateMark({ session }: { session: Pick<Session, "state" | "end_reason"> }) {
  const failed = session.state === "ended" && FAILURES.has(session.end_reason ?? "");
  const reason =
    session.state === "ended" && session.end_reason ? session.end_reason.replaceAll("_", " ") : null;
  return (
    <span className="flex min-w-0 items-center gap-2">
      <span
        className={`size-2 shrink-0 rounded-full ${failed ? "bg-bad" : DOTS[session.state]}`}
        aria-hidden
      />
      <span className="truncate">{reason === null ? STATE_NAMES[session.state] : `Ended: ${reason}`}</span>
    </span>
  );
}

export function controlName(control: Control): string {
  switch (control.mode) {
    case "ai_control":
      return "Agent";
    case "user_control":
      return control.holder ?? "A person";
    case "paused":
      return "Paused";
  }
}

export function ControlMark({ control }: { control: Control }) {
  const Icon = control.mode === "ai_control" ? Bot : control.mode === "paused" ? Pause : User;
  const wanted = control.handoff || control.requested_by;
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Icon
        size={16}
        className={control.mode === "user_control" ? "shrink-0 text-accent" : "shrink-0 text-muted"}
        aria-hidden
      />
      <span className="truncate">{controlName(control)}</span>
      {wanted && (
        <span className="rounded bg-accent-soft px-1.5 text-xs text-accent">
          {control.handoff ? "waits for a person" : `asked by ${control.requested_by}`}
        </span>
      )}
    </span>
  );
}
