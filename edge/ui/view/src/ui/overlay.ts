// What stands over the picture when there is none, or when it is old.

import type { Problem } from "../protocol.ts";
import type { State } from "../state.ts";
import { h, set, show } from "./dom.ts";

/** A line that is back soon need not be spoken of. */
const QUIET = 500;

export interface Words {
  title: string;
  detail: string;
  /** The picture stays to be seen behind it. */
  light: boolean;
  problem?: Problem;
}

const ENDS: Record<string, string> = {
  released: "It was ended by its client.",
  cancelled: "Nobody waited for it any more.",
  queue_timeout: "No place was free for it in time.",
  idle_timeout: "Nothing was done in it for too long.",
  lifetime: "Its time was over.",
  drained: "Its worker was taken out of service.",
  crashed: "Its browser crashed.",
  oom: "It needed more memory than it may have.",
  evicted: "It needed more disk than it may have.",
  worker_lost: "Its worker was lost.",
  start_failed: "It could not be started.",
  client_gone: "Its last client has left.",
  region_lost: "Its region was lost.",
};

/** What is to be said of the state, if anything. */
export function words(state: State, hasPicture: boolean): Words | undefined {
  if (state.life === "ended") {
    const why = ENDS[state.reason] ?? "";
    return {
      title: "The session has ended",
      detail: [why, state.detail].filter(Boolean).join(" "),
      light: false,
    };
  }
  if (state.problem) return refused(state.problem);
  if (state.life === "recovering") {
    const what = state.reason === "crashed" ? "The browser crashed." : "The worker was lost.";
    return {
      title: "Recovering",
      detail: `${what} The session goes on in another browser shortly.`,
      light: true,
    };
  }
  if (state.connection === "lost" || state.connection === "closed") {
    return { title: "Connection lost", detail: "Trying again…", light: hasPicture };
  }
  if (state.connection === "open" && state.life === "starting") {
    return { title: "Starting", detail: "The browser is being started.", light: false };
  }
  return undefined;
}

function refused(problem: Problem): Words {
  const titles: Record<string, string> = {
    unauthenticated: "You may not watch this yet",
    forbidden: "You may not watch this",
    not_found: "There is no such session",
    invalid_argument: "There is no such session",
  };
  return {
    title: titles[problem.code] ?? "The session cannot be shown",
    detail: problem.detail,
    light: false,
    problem,
  };
}

export class Overlay {
  readonly element = h("div", { class: "overlay", hidden: true, role: "status" });
  readonly #login: string | undefined;
  #shown = "";
  #since = 0;

  /** `login`: where one can log in, for the edge's own page. */
  constructor(login: string | undefined) {
    this.#login = login;
  }

  render(state: State, hasPicture: boolean, again: () => void): void {
    const said = words(state, hasPicture);
    const brief = said && (state.connection === "lost" || state.life === "starting");
    if (!brief) this.#since = 0;
    else if (this.#since === 0) {
      this.#since = Date.now();
      setTimeout(again, QUIET + 10);
    }
    if (!said || (brief && Date.now() - this.#since < QUIET)) {
      this.#shown = "";
      show(this.element, false);
      return;
    }
    const text = JSON.stringify(said);
    set(this.element, { class: said.light ? "overlay light" : "overlay" });
    show(this.element, true);
    if (text === this.#shown) return;
    this.#shown = text;
    const login =
      said.problem?.code === "unauthenticated" && this.#login
        ? h("a", { class: "button", href: this.#login }, {}, "Log in")
        : undefined;
    const id = said.problem?.request_id;
    this.element.replaceChildren(
      h(
        "div",
        { class: "words" },
        {},
        h("h2", {}, {}, said.title),
        h("p", {}, {}, said.detail),
        id !== undefined && h("p", { class: "muted mono" }, {}, `Request ${id}`),
        login,
      ),
    );
  }
}
