// Events in words.

import type { SessionEvent } from "../../api/types";
import { bytes, duration, shortUrl } from "../../ui/format";

export type Tone = "plain" | "good" | "warn" | "bad" | "accent";
export type Sign = "step" | "page" | "tab" | "file" | "dialog" | "control" | "life" | "trouble";

export interface Description {
  sign: Sign;
  tone: Tone;
  title: string;
  detail?: string;
  /** How long it took. */
  took?: string;
}

export function describe({ type, data: raw, epoch }: SessionEvent): Description {
  const data = raw ?? {};
  switch (type) {
    case "session:created":
      return { sign: "life", tone: "plain", title: "Created", detail: data.name ?? undefined };
    case "session:queued":
      return {
        sign: "life",
        tone: "plain",
        title: "In the queue",
        detail: `${data.pool}, ${data.priority} priority`,
      };
    case "session:ready":
      return { sign: "life", tone: "good", title: "Ready", detail: `on ${data.worker}`, took: started(data) };
    case "session:step":
      return step(data);
    case "session:navigated":
      return {
        sign: "page",
        tone: "plain",
        title: shortUrl(data.url),
        detail: data.same_document ? "same document" : `tab ${data.tab}`,
      };
    case "session:tab":
      return tab(data);
    case "session:download":
      return download(data);
    case "session:dialog":
      return data.opened
        ? {
            sign: "dialog",
            tone: "accent",
            title: `Dialog: ${data.opened.type}`,
            detail: data.opened.message,
          }
        : { sign: "dialog", tone: "plain", title: "Dialog closed" };
    case "session:control_changed":
      return control(data);
    case "session:recovering":
      return {
        sign: "trouble",
        tone: "warn",
        title: `Recovering: ${words(data.reason)}`,
        detail: data.detail ?? data.worker,
      };
    case "session:recovered":
      return {
        sign: "life",
        tone: "good",
        title: "Recovered",
        detail: `on ${data.worker ?? "another worker"}, owner ${epoch}`,
      };
    case "session:error":
      return { sign: "trouble", tone: "bad", title: "Error", detail: data.detail };
    case "session:ended":
      return {
        sign: "life",
        tone: data.error ? "bad" : "plain",
        title: `Ended: ${words(data.reason)}`,
        detail: data.detail ?? data.error?.detail,
      };
    default:
      return { sign: "life", tone: "plain", title: type.replace("session:", "") };
  }
}

type Data = SessionEvent["data"];

function words(code: unknown): string {
  return String(code ?? "unknown").replaceAll("_", " ");
}

function started(data: Data): string | undefined {
  const { queued_ms, start_ms } = data.timings ?? {};
  return typeof start_ms === "number" ? duration((queued_ms ?? 0) + start_ms) : undefined;
}

function step(data: Data): Description {
  if (data.begun)
    return { sign: "step", tone: "plain", title: data.action, detail: `begun under key ${data.key}` };
  const took = typeof data.duration_ms === "number" ? duration(data.duration_ms) : undefined;
  const failed = data.ok === false;
  return {
    sign: "step",
    tone: failed ? "bad" : "plain",
    title: data.action,
    detail: failed ? words(data.code) : undefined,
    took,
  };
}

function tab(data: Data): Description {
  if (data.opened) {
    const { n, url, opener } = data.opened;
    const by = opener ? `, opened by tab ${opener}` : "";
    return {
      sign: "tab",
      tone: "plain",
      title: `Tab ${n} opened${by}`,
      detail: url ? shortUrl(url) : undefined,
    };
  }
  if (data.activated) return { sign: "tab", tone: "plain", title: `Tab ${data.activated.n} is active` };
  if (data.closed) return { sign: "tab", tone: "plain", title: `Tab ${data.closed.n} closed` };
  return { sign: "tab", tone: "plain", title: "Tab changed" };
}

function download(data: Data): Description {
  const bad = data.state === "canceled";
  const size = data.total ?? data.received;
  const detail = `${words(data.state)}${size ? `, ${bytes(size)}` : ""}`;
  return { sign: "file", tone: bad ? "warn" : "plain", title: data.name, detail };
}

interface Changed {
  navigations?: { tab: number; url: string }[];
  fields?: { tab: number; label: string; kind: string }[];
  seconds?: number;
}

function control(data: Data): Description {
  const who: Record<string, string> = {
    user_control: `${data.holder ?? "A person"} drives`,
    paused: "Paused: nobody drives",
    ai_control: "The agent drives",
  };
  const said = data.note ? `“${data.note}”` : undefined;
  const wants = data.requested_by ? `${data.requested_by} asks for control` : undefined;
  const waits = data.handoff ? `waits for a person: ${data.handoff.instructions ?? ""}` : undefined;
  const detail = [said, wants, waits, meanwhile(data.changed)].filter(Boolean).join(" · ");
  return {
    sign: "control",
    tone: "accent",
    title: who[data.mode] ?? "Control changed",
    detail: detail || undefined,
  };
}

/** What a person did while they drove. */
function meanwhile(changed: Changed | undefined): string | undefined {
  if (!changed) return undefined;
  const pages = changed.navigations?.length ?? 0;
  const fields = changed.fields?.map((field) => field.label).filter(Boolean) ?? [];
  const parts = [
    pages > 0 ? `${pages} ${pages === 1 ? "navigation" : "navigations"}` : "",
    fields.length > 0 ? `fields: ${fields.join(", ")}` : "",
    changed.seconds === undefined ? "" : `in ${duration(changed.seconds * 1_000)}`,
  ];
  return parts.filter(Boolean).join(", ") || undefined;
}
