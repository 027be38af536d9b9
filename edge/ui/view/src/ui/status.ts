// One line: the connection, its figures, and who else is here.

import { bandwidth } from "../meter.ts";
import type { Viewer } from "../protocol.ts";
import { type Context, mayDrive } from "./context.ts";
import { h, say, set, show } from "./dom.ts";

export interface Figures {
  fps: number;
  bits: number;
  /** Milliseconds that a picture was on its way. */
  age: number | undefined;
  rtt: number | undefined;
}

/** So many are named; the rest is a number. */
const NAMED = 3;

export class Status {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #connection = h("span", { class: "connection" });
  readonly #figures = h("span", { class: "figures" });
  readonly #viewers = h("span", { class: "viewers" });
  readonly #keys = h("span", { class: "keys" }, {}, "Ctrl+Alt+Esc leaves the page");

  constructor(context: Context) {
    this.#context = context;
    this.element = h(
      "div",
      { class: "status" },
      {},
      this.#connection,
      this.#figures,
      this.#viewers,
      this.#keys,
    );
  }

  render(captured: boolean): void {
    const { state } = this.#context;
    set(this.element, { "data-connection": state.connection, "data-life": state.life });
    say(this.#connection, connection(state.connection, state.life));
    const names = watching(state.viewers, state.conn, state.moreViewers);
    say(this.#viewers, names);
    set(this.#viewers, { title: state.viewers.map((viewer) => viewer.name).join(", ") || undefined });
    show(this.#keys, captured && mayDrive(this.#context));
  }

  /** Not for screen readers: it would never be silent. */
  figures({ fps, bits, age, rtt }: Figures): void {
    const latency =
      age === undefined && rtt === undefined ? "" : `${Math.round((age ?? 0) + (rtt ?? 0) / 2)} ms`;
    say(this.#figures, [`${Math.round(fps)} fps`, latency, bandwidth(bits)].filter(Boolean).join(" · "));
    set(this.#figures, {
      title: rtt === undefined ? undefined : `${Math.round(rtt)} ms to the edge and back`,
      "aria-hidden": "true",
    });
  }
}

function connection(is: string, life: string): string {
  if (life === "ended") return "Ended";
  if (is === "open") return life === "ready" ? "Live" : life === "recovering" ? "Recovering" : "Starting";
  return is === "connecting" ? "Connecting" : is === "lost" ? "Reconnecting" : "Closed";
}

export function watching(viewers: Viewer[], self: string | undefined, more: number): string {
  const others = viewers.filter((viewer) => viewer.conn !== self).map((viewer) => viewer.name);
  if (others.length + more === 0) return viewers.length ? "Only you watch" : "";
  const named = others.slice(0, NAMED);
  const rest = others.length - named.length + more;
  return `Also here: ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
