// What the session's WebSocket carries, as docs/api.md and docs/view.md describe it.

export interface Handoff {
  instructions?: string;
  expires_at: string;
}

/** What happened while a person drove. */
export interface Changed {
  navigations: { tab: number; url: string }[];
  fields: { tab: number; label: string; kind: string }[];
  seconds: number;
}

export interface Control {
  mode: "ai_control" | "user_control" | "paused";
  holder: string | null;
  epoch: number;
  note?: string;
  requested_by?: string;
  handoff?: Handoff;
  changed?: Changed;
}

export interface Tab {
  n: number;
  url: string;
  title: string;
  active: boolean;
  favicon?: string;
}

export interface Session {
  id: string;
  name?: string;
  state: string;
  end_reason: string | null;
  control: Control;
  viewport: { width: number; height: number; scale: number; mobile: boolean; touch: boolean };
  tabs: Tab[];
}

export type Access = "full" | "control" | "view";

export interface Viewer {
  conn: string;
  name: string;
  access: Access;
  holds_control: boolean;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Dialog {
  tab: number;
  type: "alert" | "confirm" | "prompt" | "beforeunload";
  message: string;
  default_value?: string;
  url: string;
}

export interface FileChooser {
  id: string;
  kind: "file";
  tab: number;
  multiple: boolean;
  accept: string[];
  directory: boolean;
}

export interface Picker {
  id: string;
  kind: "date" | "time" | "datetime-local" | "month" | "week" | "color" | "datalist";
  tab: number;
  value: string;
  min?: string;
  max?: string;
  step?: string;
  options?: { value: string; label?: string }[];
  rect: Rect;
}

export type Chooser = FileChooser | Picker;

export interface Download {
  name: string;
  state: string;
  size: number;
}

/** An error of the API, RFC 9457. */
export interface Problem {
  code: string;
  detail: string;
  request_id?: string;
  retryable?: boolean;
  context?: { dialog?: Dialog; dialogs?: Dialog[]; end_reason?: string };
}

export interface SessionEvent {
  type: string;
  session: string;
  time: string;
  data: Record<string, unknown>;
}

export type ServerMessage =
  | { type: "hello"; session: Session; seq?: string; conn?: string; access?: Access; resume?: string }
  | { type: "result"; id?: unknown; control?: Control; result?: unknown; dialog?: Dialog }
  | { type: "error"; id?: unknown; error: Problem }
  | { type: "event"; seq?: string; event: SessionEvent }
  | { type: "pong"; id?: unknown }
  | { type: "viewers"; viewers: Viewer[]; more?: number }
  | { type: "cursor"; cursor: string }
  | { type: "chooser"; chooser: Chooser | null; id?: string }
  | { type: "clipboard"; text: string; truncated?: boolean };

export type Modifier = "Alt" | "Control" | "Meta" | "Shift";
export type Button = "left" | "middle" | "right" | "back" | "forward";

export interface TouchPoint {
  id: number;
  x: number;
  y: number;
}

export type InputEvent =
  | {
      kind: "mouse";
      event: "down" | "up" | "move";
      x: number;
      y: number;
      button?: Button;
      click_count?: number;
      modifiers?: Modifier[];
    }
  | { kind: "wheel"; x: number; y: number; delta_x: number; delta_y: number; modifiers?: Modifier[] }
  | {
      kind: "key";
      event: "down" | "up";
      key: string;
      code?: string;
      modifiers?: Modifier[];
      repeat?: boolean;
    }
  | { kind: "touch"; event: "start" | "move" | "end" | "cancel"; points: TouchPoint[] }
  | { kind: "text"; text: string }
  | { kind: "compose"; text: string; from: number; to: number }
  | { kind: "paste"; text: string }
  | { kind: "copy" }
  | { kind: "cut" };
