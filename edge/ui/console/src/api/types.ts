// What the console reads of the API: a part of docs/openapi.json, by hand. `shapes.test.ts` holds it against that.

export type State = "queued" | "starting" | "ready" | "recovering" | "closing" | "ended";
export const STATES: readonly State[] = ["queued", "starting", "ready", "recovering", "closing", "ended"];

export type ControlMode = "ai_control" | "user_control" | "paused";
export const MODES: readonly ControlMode[] = ["ai_control", "user_control", "paused"];

export interface Control {
  mode: ControlMode;
  epoch: number;
  holder?: string | null;
  note?: string | null;
  requested_by?: string | null;
  handoff?: { instructions?: string | null; expires_at: string } | null;
}

export interface Tab {
  n: number;
  url: string;
  title: string;
  active: boolean;
  context?: string | null;
}

export interface Viewport {
  width: number;
  height: number;
  scale?: number;
  mobile?: boolean;
  touch?: boolean;
}

export interface Session {
  id: string;
  name?: string | null;
  labels: Record<string, string>;
  state: State;
  end_reason?: string | null;
  end_detail?: string | null;
  control: Control;
  tenant: string;
  region: string;
  pool: string;
  worker?: string | null;
  epoch: number;
  browser: string;
  isolation: string;
  viewport: Viewport;
  page: { url: string; title: string };
  tabs: Tab[];
  created_at: string;
  ready_at?: string | null;
  ended_at?: string | null;
  expires_at: string;
  queue?: { position: number; ahead_of_tenant: number } | null;
  urls?: Record<"cdp" | "ws" | "events" | "view" | "vnc", string> | null;
  timings: { queued_ms: number; start_ms: number };
}

export interface SessionList {
  sessions: Session[];
  next_cursor?: string | null;
  missing_regions?: string[];
}

export interface SessionEvent {
  type: string;
  session: string;
  time: string;
  epoch: number;
  // biome-ignore lint/suspicious/noExplicitAny: its form depends on the type, and each reader looks before it uses it.
  data: any;
}

export interface Worker {
  id: string;
  region: string;
  pools: string[];
  version: string;
  host: string;
  pid: number;
  slots: number;
  busy: number;
  warm: number;
  pressure: number;
  draining: boolean;
  frozen: boolean;
  browsers: string[];
  simulated: boolean;
  started_at: string;
  seen_at: string;
}

export interface WorkerList {
  workers: Worker[];
  missing_regions?: string[];
}

export interface Queue {
  region: string;
  pool: string;
  tenant: string;
  class: string;
  waiting: number;
  oldest_wait_ms: number;
}

export interface PoolQueue {
  region: string;
  pool: string;
  waiting: number;
  oldest_wait_ms: number;
}

export interface QueueReport {
  queues: Queue[];
  pools: PoolQueue[];
  missing_regions?: string[];
}

export interface FileInfo {
  name: string;
  size: number;
  state?: "in_progress" | "completed" | "canceled" | null;
  url?: string | null;
}

export interface CommandResult {
  action: string;
  result: unknown;
  page: { url: string; title: string };
  dialog?: unknown;
  duration_ms: number;
}

export interface Whoami {
  tenant: string;
  operator: boolean;
  login: "none" | "cookie" | "token";
  version: string;
}

export interface ProblemDocument {
  title: string;
  status: number;
  code: string;
  detail: string;
  retryable: boolean;
  request_id?: string | null;
  field?: string | null;
  outcome?: string | null;
  context?: unknown;
}
