// What the view itself asks: a note on hand-back, text to paste, a link to share; and the list of downloads.

import { httpUrl } from "../address.ts";
import { size } from "../meter.ts";
import type { Context } from "./context.ts";
import { h, say } from "./dom.ts";
import { action, actions, type Sheets } from "./sheet.ts";

/** What a note may have. */
const NOTE = 1_000;

export class Panels {
  readonly #context: Context;
  readonly #sheets: Sheets;

  constructor(context: Context, sheets: Sheets) {
    this.#context = context;
    this.#sheets = sheets;
  }

  handBack(): void {
    const note = h("textarea", {
      rows: 3,
      maxlength: NOTE,
      autofocus: true,
      placeholder: "Logged in, the cart is as you left it.",
    });
    const close = () => this.#sheets.close("handback");
    const give = () => {
      close();
      this.#context.run(this.#context.handBack(note.value.trim() || undefined));
    };
    note.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        give();
      }
    });
    this.#sheets.open(
      { key: "handback", title: "Hand back to the agent" },
      h("label", {}, {}, "A note to the agent, if you like", note),
      actions(action("Cancel", close), action("Hand back", give, "primary")),
    );
  }

  /** Where the clipboard cannot be read, text goes through a box. */
  paste(): void {
    const text = h("textarea", { rows: 5, autofocus: true });
    const close = () => this.#sheets.close("paste");
    const give = () => {
      close();
      this.#context.paste(text.value);
      this.#context.focusPage();
    };
    this.#sheets.open(
      { key: "paste", title: "Paste text into the page" },
      h("label", {}, {}, "Text", text),
      actions(action("Cancel", close), action("Paste", give, "primary")),
    );
  }

  /** Where the clipboard cannot be written. */
  copied(text: string, truncated: boolean): void {
    const box = h("textarea", { rows: 5, readonly: true, autofocus: true, "aria-label": "Copied text" });
    box.value = text;
    const close = () => this.#sheets.close("copied");
    const copy = () => {
      box.select();
      // The one way that needs no secure context.
      if (document.execCommand("copy")) close();
    };
    this.#sheets.open(
      { key: "copied", title: "Copied in the page" },
      box,
      truncated && h("p", { class: "muted" }, {}, "It was longer; this is the beginning."),
      actions(action("Close", close), action("Copy", copy, "primary")),
    );
    box.select();
  }

  share(): void {
    const access = h(
      "select",
      { autofocus: true },
      {},
      h("option", { value: "view" }, {}, "watch"),
      h("option", { value: "control" }, {}, "watch and take control"),
    );
    const time = h(
      "select",
      {},
      {},
      h("option", { value: "3600" }, {}, "1 hour"),
      h("option", { value: "28800" }, {}, "8 hours"),
      h("option", { value: "86400" }, {}, "1 day"),
    );
    const name = h("input", { type: "text", maxlength: 100, autocomplete: "off", placeholder: "Ann" });
    const close = () => this.#sheets.close("share");
    const made = h("div", { class: "made" });
    const make = async () => {
      const wanted: Record<string, unknown> = { access: access.value, expires_in_s: Number(time.value) };
      if (name.value.trim()) wanted.name = name.value.trim();
      const answer = await this.#context.client.fetch("/links", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(wanted),
      });
      const { url } = (await answer.json()) as { url: string };
      this.#made(made, url);
    };
    this.#sheets.open(
      { key: "share", title: "Share this session" },
      h("label", {}, {}, "Whoever has the link may", access),
      h("label", {}, {}, "It is good for", time),
      h("label", {}, {}, "For whom (shown to others)", name),
      made,
      actions(
        action("Close", close),
        action("Make a link", () => this.#context.run(make()), "primary"),
      ),
    );
  }

  #made(place: HTMLElement, url: string): void {
    const field = h("input", { type: "text", readonly: true, value: url, "aria-label": "The link" });
    const copy = h("button", { type: "button" }, {}, "Copy");
    copy.addEventListener("click", async () => {
      field.select();
      const done = await writeClipboard(url);
      say(copy, done || document.execCommand("copy") ? "Copied" : "Press Ctrl+C");
    });
    place.replaceChildren(field, copy);
    copy.focus();
  }

  downloads(): void {
    const { state, client } = this.#context;
    const rows = state.downloads.toReversed().map((download) => {
      const done = download.state === "completed";
      const href = httpUrl(client.address, `/files/downloads/${encodeURIComponent(download.name)}`);
      const name = done
        ? h("a", { href, download: download.name, target: "_blank", rel: "noopener" }, {}, download.name)
        : h("span", {}, {}, download.name);
      const about = done ? size(download.size) : download.state === "in_progress" ? "…" : download.state;
      return h("li", {}, {}, name, h("span", { class: "muted" }, {}, about));
    });
    this.#sheets.open(
      { key: "downloads", title: "Downloads" },
      h("ul", { class: "files" }, {}, ...rows),
      actions(action("Close", () => this.#sheets.close("downloads"), "primary")),
    );
  }
}

/** False where there is no secure context, or the browser does not let us. */
export async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
