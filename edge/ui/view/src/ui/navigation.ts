// Back, forward, reload, the address, and what else has a button.

import { drives, shownTab } from "../state.ts";
import { type Context, mayDrive } from "./context.ts";
import { h, set, show } from "./dom.ts";
import { type Icon, icon } from "./icons.ts";

export interface Buttons {
  downloads(): void;
  share(): void;
  full(): void;
  keyboard(): void;
  paste(): void;
}

export class Navigation {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #address: HTMLInputElement;
  readonly #moves: HTMLButtonElement[];
  readonly #downloads: HTMLButtonElement;
  readonly #share: HTMLButtonElement;
  readonly #keyboard: HTMLButtonElement;
  readonly #paste: HTMLButtonElement;

  constructor(context: Context, buttons: Buttons) {
    this.#context = context;
    const move = (name: "back" | "forward" | "reload", label: string) =>
      button(name, label, () => {
        context.run(context.client.command(name, this.#tab()));
        context.focusPage();
      });
    this.#moves = [move("back", "Back"), move("forward", "Forward"), move("reload", "Reload")];
    this.#address = h(
      "input",
      {
        type: "text",
        inputmode: "url",
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: "false",
        "aria-label": "Address",
        placeholder: "Address",
      },
      { focus: () => this.#address.select(), keydown: (event) => this.#onKey(event) },
    );
    this.#keyboard = button("keyboard", "Keyboard", buttons.keyboard);
    this.#paste = button("clipboard", "Paste text into the page", buttons.paste);
    this.#downloads = button("download", "Downloads", buttons.downloads);
    this.#share = button("share", "Share a link", buttons.share);
    const full = button("full", "Full screen", buttons.full);
    show(full, document.fullscreenEnabled === true);
    this.element = h(
      "div",
      { class: "navigation", role: "toolbar", "aria-label": "Browser" },
      {},
      ...this.#moves,
      this.#address,
      this.#keyboard,
      this.#paste,
      this.#downloads,
      this.#share,
      full,
    );
  }

  render(): void {
    const { state } = this.#context;
    const may = drives(state);
    for (const move of this.#moves) move.disabled = !may;
    this.#address.readOnly = !may;
    const url = shownTab(state)?.url ?? "";
    // Whoever types an address is not interrupted.
    if (!this.#isTyping()) this.#address.value = url === "about:blank" ? "" : url;
    show(this.#share, state.access === "full" && !this.#context.readonly);
    show(this.#paste, mayDrive(this.#context));
    this.#paste.disabled = this.#keyboard.disabled = !may;
    show(this.#keyboard, mayDrive(this.#context) && matchMedia("(pointer: coarse)").matches);
    const ready = state.downloads.filter((download) => download.state === "completed").length;
    show(this.#downloads, state.downloads.length > 0);
    set(this.#downloads, { "aria-label": `Downloads, ${ready} ready`, "data-count": ready || undefined });
  }

  #isTyping(): boolean {
    return !this.#address.readOnly && this.#address.matches(":focus");
  }

  #tab(): Record<string, unknown> {
    return this.#context.state.pinned === undefined ? {} : { tab: this.#context.state.pinned };
  }

  #onKey(event: KeyboardEvent): void {
    if ((event.key !== "Escape" && event.key !== "Enter") || event.isComposing) return;
    // The focus goes to the page: the key must not follow it there.
    event.preventDefault();
    if (event.key === "Escape") {
      this.#address.value = shownTab(this.#context.state)?.url ?? "";
      this.#context.focusPage();
    }
    if (event.key !== "Enter" || !drives(this.#context.state)) return;
    const url = complete(this.#address.value);
    if (!url) return;
    const go = this.#context.client.command("navigate", { url, wait_until: "commit", ...this.#tab() });
    this.#context.run(go);
    this.#context.focusPage();
  }
}

/** An address as people write it, without its scheme. */
export function complete(typed: string): string {
  const text = typed.trim();
  if (!text || /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text)) return text;
  const host = text.split(/[/?#]/, 1)[0] ?? "";
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(host);
  return `${isLocal ? "http" : "https"}://${text}`;
}

function button(name: Icon, label: string, act: () => void): HTMLButtonElement {
  return h("button", { class: "quiet", title: label, "aria-label": label }, { click: act }, icon(name));
}
