// All that is round the picture.

import { drives } from "../state.ts";
import type { View } from "../view.ts";
import { Choosers } from "./chooser.ts";
import { type Context, mayDrive } from "./context.ts";
import { Dialogs } from "./dialogs.ts";
import { h, say, set, show } from "./dom.ts";
import { DriverBar } from "./driver.ts";
import { Navigation } from "./navigation.ts";
import { Overlay } from "./overlay.ts";
import { Panels } from "./panels.ts";
import { Sheets } from "./sheet.ts";
import { Status } from "./status.ts";
import { style } from "./style.ts";
import { Tabs } from "./tabs.ts";

const TOAST = 6_000;
const TOASTS = 3;
/** Whoever goes on typing is not told with each key. */
const HINT = 2_000;

export class Chrome {
  readonly status: Status;
  readonly #view: View;
  readonly #root: ShadowRoot;
  readonly #frame: HTMLElement;
  readonly #tabs: Tabs;
  readonly #navigation: Navigation;
  readonly #driver: DriverBar;
  readonly #sheets: Sheets;
  readonly #dialogs: Dialogs;
  readonly #choosers: Choosers;
  readonly #panels: Panels;
  readonly #overlay: Overlay;
  readonly #toasts = h("div", { class: "toasts" });
  readonly #live = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  /** Downloads that are done and have been offered. */
  readonly #offered = new Set<string>();
  #summed: unknown;
  #hinted = 0;

  constructor(element: HTMLElement, view: View, controls: string) {
    this.#view = view;
    this.#sheets = new Sheets(() => drives(view.state) && view.focusPage());
    this.#panels = new Panels(view, this.#sheets);
    this.#dialogs = new Dialogs(view, this.#sheets);
    this.#choosers = new Choosers(view, this.#sheets);
    this.#tabs = new Tabs(view);
    this.#navigation = new Navigation(view, {
      downloads: () => this.#panels.downloads(),
      share: () => this.#panels.share(),
      full: () => void this.#full(element),
      keyboard: () => view.focusPage(),
      paste: () => void this.#paste(),
    });
    this.#driver = new DriverBar(view, () => this.#panels.handBack());
    this.status = new Status(view);
    const own =
      new URL(view.client.address.edge).origin === location.origin && view.client.address.link === undefined;
    const here = encodeURIComponent(location.pathname);
    this.#overlay = new Overlay(own ? `/login?next=${here}` : undefined);
    view.stage.element.append(this.#overlay.element, this.#toasts, this.#sheets.element);
    this.#frame = h(
      "div",
      { class: "view", role: "region", "aria-label": "Live browser session" },
      {},
      this.#tabs.element,
      this.#navigation.element,
      this.#driver.element,
      view.stage.element,
      this.status.element,
      this.#live,
    );
    this.controls(controls);
    this.#root = element.shadowRoot as ShadowRoot;
    this.#root.adoptedStyleSheets = [style()];
    this.#root.replaceChildren(this.#frame);
  }

  close(): void {
    this.#root.replaceChildren();
  }

  controls(which: string): void {
    set(this.#frame, { "data-controls": which });
  }

  render(): void {
    const { state, stage } = this.#view;
    this.#tabs.render();
    this.#navigation.render();
    this.#driver.render();
    this.#dialogs.render();
    this.#choosers.render();
    this.status.render(stage.isCaptured);
    this.#overlay.render(state, stage.hasPicture, () => this.#view.render());
    show(this.#toasts, this.#toasts.childElementCount > 0);
    this.#offer(this.#view);
    this.#sumUp();
  }

  hint(): void {
    if (Date.now() - this.#hinted < HINT) return;
    this.#hinted = Date.now();
    this.#driver.hint();
    this.announce("Take control to click and type.");
  }

  /** The keyboard goes back to the view. */
  focus(): void {
    const button = this.#frame.querySelector<HTMLElement>(".driver button.primary:not([hidden])");
    if (button && mayDrive(this.#view)) button.focus();
    else this.#view.stage.blur();
  }

  announce(text: string): void {
    // The same words again are told again.
    say(this.#live, "");
    setTimeout(() => say(this.#live, text), 50);
  }

  toast(...[text, action]: Parameters<Context["toast"]>): void {
    const away = () => {
      toast.remove();
      show(this.#toasts, this.#toasts.childElementCount > 0);
    };
    const act = (then: () => void) => {
      away();
      then();
    };
    const offer =
      action &&
      ("href" in action
        ? h(
            "a",
            { href: action.href, download: "", target: "_blank", rel: "noopener" },
            { click: away },
            action.label,
          )
        : h("button", {}, { click: () => act(action.act) }, action.label));
    const toast = h("div", { class: "toast", role: "status" }, {}, h("span", {}, {}, text), offer);
    while (this.#toasts.childElementCount >= TOASTS) this.#toasts.firstElementChild?.remove();
    this.#toasts.append(toast);
    show(this.#toasts, true);
    setTimeout(away, action ? TOAST * 2 : TOAST);
  }

  copied(text: string, truncated: boolean): void {
    this.#panels.copied(text, truncated);
  }

  #offer({ state }: Context): void {
    for (const download of state.downloads) {
      if (download.state !== "completed" || this.#offered.has(download.name)) continue;
      this.#offered.add(download.name);
      this.toast(`${download.name} is downloaded.`, { label: "Show", act: () => this.#panels.downloads() });
    }
  }

  /** What happened while a person drove, for those who watched. */
  #sumUp(): void {
    const { changed } = this.#view.state;
    if (!changed || changed === this.#summed) return;
    this.#summed = changed;
    this.toast(`Handed back. ${summary(changed)}`);
  }

  async #paste(): Promise<void> {
    try {
      const text = await navigator.clipboard.readText();
      this.#view.paste(text);
      this.#view.focusPage();
    } catch {
      // No secure context, no permission, or a phone.
      this.#panels.paste();
    }
  }

  async #full(element: HTMLElement): Promise<void> {
    if (document.fullscreenElement) return document.exitFullscreen();
    await element.requestFullscreen();
    // Where it may be had, shortcuts of the viewer's browser go to the page too.
    const { keyboard } = navigator as Navigator & { keyboard?: { lock?(): Promise<void> } };
    await keyboard?.lock?.().catch(() => undefined);
    if (drives(this.#view.state)) this.#view.focusPage();
  }
}

export function summary(changed: {
  navigations: unknown[];
  fields: { label: string }[];
  seconds: number;
}): string {
  const count = (n: number, one: string, many: string) => (n === 1 ? `1 ${one}` : `${n} ${many}`);
  const labels = [...new Set(changed.fields.map((field) => field.label).filter(Boolean))].slice(0, 5);
  const fields =
    count(changed.fields.length, "field", "fields") + (labels.length ? ` (${labels.join(", ")})` : "");
  return `In ${Math.round(changed.seconds)} s: ${count(changed.navigations.length, "page", "pages")}, ${fields}.`;
}
