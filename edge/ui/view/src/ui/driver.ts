// Who drives, and how to change that.

import { type Driver, driver } from "../state.ts";
import { type Context, mayDrive } from "./context.ts";
import { h, say, set, show } from "./dom.ts";

export class DriverBar {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #who = h("span", { class: "who", role: "status" });
  readonly #note = h("span", { class: "note" });
  readonly #take: HTMLButtonElement;
  readonly #ask: HTMLButtonElement;
  readonly #back: HTMLButtonElement;
  readonly #pause: HTMLButtonElement;
  readonly #resume: HTMLButtonElement;
  readonly #request: HTMLElement;
  readonly #asking = h("span", { class: "text" });
  readonly #wish: HTMLElement;
  readonly #instructions = h("span", { class: "text" });
  readonly #done: HTMLButtonElement;

  constructor(context: Context, handBack: () => void) {
    this.#context = context;
    const control = (action: string) => () => context.run(context.client.control(action));
    const act = (label: string, click: () => void, kind = "") =>
      h("button", { class: kind }, { click }, label);
    this.#take = act("Take control", () => context.run(context.takeControl()), "primary");
    this.#ask = act("Request control", () =>
      context.run(context.client.control("request", { holder: context.state.name })),
    );
    this.#back = act("Hand back", handBack, "primary");
    this.#pause = act("Pause", control("pause"));
    this.#resume = act("Resume", control("resume"));
    this.#request = h(
      "div",
      { class: "banner", role: "alert" },
      {},
      this.#asking,
      act("Grant", () => this.#grant(), "primary"),
      act("Decline", control("decline")),
    );
    this.#done = act("Done, hand back", handBack, "primary");
    this.#wish = h("div", { class: "banner", role: "alert" }, {}, this.#instructions, this.#done);
    const bar = h(
      "div",
      { class: "driver", role: "group", "aria-label": "Control" },
      {},
      h("span", { class: "dot", "aria-hidden": "true" }),
      this.#who,
      this.#note,
      this.#ask,
      this.#resume,
      this.#pause,
      this.#take,
      this.#back,
    );
    this.element = h("div", { class: "control" }, {}, bar, this.#wish, this.#request);
  }

  /** Draws the eye to the way to take control. */
  hint(): void {
    this.#take.classList.remove("hint");
    // Reading a size restarts the animation.
    void this.#take.offsetWidth;
    this.#take.classList.add("hint");
  }

  render(): void {
    const { state } = this.#context;
    const who = driver(state);
    const may = mayDrive(this.#context) && state.life === "ready" && state.connection === "open";
    const ended = state.life === "ended";
    set(this.element, { "data-driver": ended ? "nobody" : who });
    say(this.#who, ended ? "Nobody drives" : sentence(who, state.control.holder));
    const { note } = state.control;
    say(this.#note, note ?? "");
    set(this.#note, { title: note });
    show(this.#note, Boolean(note));
    show(this.#take, may && (who === "agent" || who === "paused"));
    show(this.#ask, may && who === "other");
    const asked = who === "other" && state.control.requested_by === state.name;
    this.#ask.disabled = asked;
    say(this.#ask, asked ? "Requested" : "Request control");
    show(this.#back, may && who === "you");
    show(this.#pause, may && (who === "agent" || who === "you"));
    show(this.#resume, may && who === "paused");
    this.#renderRequest(may && who === "you");
    this.#renderWish(may, who);
  }

  #renderRequest(holds: boolean): void {
    const asker = this.#context.state.control.requested_by;
    const asked = holds && asker !== undefined && asker !== this.#context.state.name;
    say(this.#asking, asked ? `${asker} asks for control.` : "");
    show(this.#request, asked);
  }

  #renderWish(may: boolean, who: Driver): void {
    const wish = this.#context.state.control.handoff;
    say(this.#instructions, wish ? (wish.instructions ?? "The agent waits for a person.") : "");
    show(this.#wish, wish !== undefined);
    show(this.#done, may && who === "you");
  }

  #grant(): void {
    const holder = this.#context.state.control.requested_by;
    if (holder !== undefined) this.#context.run(this.#context.client.control("give", { holder }));
  }
}

function sentence(who: Driver, holder: string | null): string {
  switch (who) {
    case "agent":
      return "The agent drives";
    case "you":
      return "You drive";
    case "other":
      return `${holder ?? "Another person"} drives`;
    case "paused":
      return "Paused: nobody drives";
  }
}
