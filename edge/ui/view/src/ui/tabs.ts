// The strip of the browser's tabs.

import { httpUrl } from "../address.ts";
import type { Tab } from "../protocol.ts";
import { activeTab, drives, shownTab } from "../state.ts";
import { type Context, mayDrive } from "./context.ts";
import { h, say, set, show } from "./dom.ts";
import { icon } from "./icons.ts";

interface Row {
  item: HTMLElement;
  button: HTMLButtonElement;
  title: HTMLElement;
  image: HTMLImageElement;
  close: HTMLButtonElement;
}

export class Tabs {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #list: HTMLElement;
  readonly #add: HTMLButtonElement;
  readonly #pin: HTMLButtonElement;
  readonly #rows = new Map<number, Row>();

  constructor(context: Context) {
    this.#context = context;
    this.#list = h("ul", { class: "tablist", "aria-label": "Tabs of the browser" });
    this.#add = h(
      "button",
      { class: "quiet", "aria-label": "New tab", title: "New tab" },
      { click: () => context.run(context.client.command("new_tab")) },
      icon("plus"),
    );
    this.#pin = h(
      "button",
      { class: "quiet", title: "Stay on this tab, whichever the browser makes active" },
      {
        click: () => context.pin(context.state.pinned === undefined ? shownTab(context.state)?.n : undefined),
      },
      icon("pin"),
    );
    set(this.#pin, { "aria-label": "Stay on this tab" });
    this.element = h(
      "div",
      { class: "tabs" },
      {},
      this.#list,
      this.#add,
      h("span", { class: "gap" }),
      this.#pin,
    );
  }

  render(): void {
    const { state } = this.#context;
    const shown = shownTab(state)?.n;
    for (const [n, row] of this.#rows) {
      if (state.tabs.some((tab) => tab.n === n)) continue;
      row.item.remove();
      this.#rows.delete(n);
    }
    for (const tab of state.tabs) this.#show(tab, tab.n === shown);
    show(this.#add, mayDrive(this.#context));
    this.#add.disabled = !drives(state);
    show(this.#pin, state.tabs.length > 1);
    set(this.#pin, { "aria-pressed": String(state.pinned !== undefined) });
  }

  #show(tab: Tab, shown: boolean): void {
    let row = this.#rows.get(tab.n);
    if (!row) {
      row = this.#row(tab.n);
      this.#rows.set(tab.n, row);
      this.#list.append(row.item);
    }
    const title = tab.title || hostOf(tab.url) || "New tab";
    say(row.title, title);
    set(row.button, { title: tab.url, "aria-current": shown ? "page" : undefined });
    set(row.item, { class: shown ? "tab shown" : tab.active ? "tab active" : "tab" });
    set(row.close, { "aria-label": `Close ${title}` });
    show(row.close, mayDrive(this.#context) && this.#context.state.tabs.length > 1);
    row.close.disabled = !drives(this.#context.state);
    const source = this.#favicon(tab);
    if (row.image.getAttribute("src") !== source) {
      set(row.image, { src: source || undefined });
      show(row.image, source !== "");
    }
  }

  /** A picture that is in the address itself, or one that the edge fetches and vouches for. Never a page's own server. */
  #favicon(tab: Tab): string {
    if (!tab.favicon) return "";
    if (tab.favicon.startsWith("data:image/")) return tab.favicon;
    const version = encodeURIComponent(tab.favicon.slice(-64));
    const { address } = this.#context.client;
    return new URL(address.edge).origin === location.origin
      ? `${httpUrl(address, `/tabs/${tab.n}/favicon`)}#${version}`
      : "";
  }

  #row(n: number): Row {
    const title = h("span", { class: "title" });
    const image = h("img", { alt: "", width: 16, height: 16, hidden: true });
    image.addEventListener("error", () => show(image, false));
    const button = h("button", { class: "tabname" }, { click: () => this.#choose(n) }, image, title);
    const close = h("button", { class: "quiet tabclose" }, { click: () => this.#close(n) }, icon("close"));
    return { item: h("li", { class: "tab" }, {}, button, close), button, title, image, close };
  }

  /** Whoever drives switches the browser's own tab; others look at another one. */
  #choose(n: number): void {
    const { state } = this.#context;
    if (drives(state)) {
      if (state.pinned !== undefined) this.#context.pin(n);
      this.#context.run(this.#context.client.command("activate_tab", { tab: n }));
      this.#context.focusPage();
    } else {
      this.#context.pin(activeTab(state)?.n === n ? undefined : n);
    }
  }

  #close(n: number): void {
    this.#context.run(this.#context.client.command("close_tab", { tab: n }));
  }
}

function hostOf(url: string): string {
  return URL.parse?.(url)?.host ?? "";
}
