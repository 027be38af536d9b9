// `alert`, `confirm`, `prompt` and `beforeunload` of the page.

import type { Dialog } from "../protocol.ts";
import { drives } from "../state.ts";
import type { Context } from "./context.ts";
import { h } from "./dom.ts";
import { action, actions, type Sheets } from "./sheet.ts";

export class Dialogs {
  readonly #context: Context;
  readonly #sheets: Sheets;

  constructor(context: Context, sheets: Sheets) {
    this.#context = context;
    this.#sheets = sheets;
  }

  render(): void {
    const { state } = this.#context;
    const dialog = state.dialogs.at(-1);
    // Others see that a dialog is open; whoever drives answers it.
    const key = dialog && `dialog:${dialog.tab}:${dialog.type}:${dialog.message}:${drives(state)}`;
    if (this.#sheets.key === key) return;
    if (this.#sheets.key?.startsWith("dialog:")) this.#sheets.close();
    if (dialog && key) this.#open(dialog, key);
  }

  #open(dialog: Dialog, key: string): void {
    const may = drives(this.#context.state);
    const field = h("input", {
      type: "text",
      value: dialog.default_value ?? "",
      "aria-label": "Your answer",
      autofocus: true,
      disabled: !may,
    });
    const answer = (accept: boolean) => {
      const text = accept && dialog.type === "prompt" ? field.value : undefined;
      this.#context.state.dialogs = this.#context.state.dialogs.filter((open) => open !== dialog);
      this.#sheets.close(key);
      this.#context.run(this.#context.client.answerDialog(dialog, accept, text));
    };
    const accept = action(LABELS[dialog.type].accept, () => answer(true), "primary");
    const dismiss = action(LABELS[dialog.type].dismiss, () => answer(false));
    if (dialog.type !== "prompt") accept.autofocus = true;
    accept.disabled = dismiss.disabled = !may;
    const buttons = dialog.type === "alert" ? [accept] : [dismiss, accept];
    this.#sheets.open(
      {
        key,
        title: dialog.type === "beforeunload" ? "Leave this page?" : `${hostOf(dialog.url)} says`,
        urgent: true,
        onCancel: () => may && answer(dialog.type === "alert"),
      },
      h("p", { class: "message" }, {}, message(dialog)),
      ...(dialog.type === "prompt" ? [field] : []),
      ...(may ? [actions(...buttons)] : [h("p", { class: "muted" }, {}, "Whoever drives answers it.")]),
    );
  }
}

const LABELS = {
  alert: { accept: "OK", dismiss: "" },
  confirm: { accept: "OK", dismiss: "Cancel" },
  prompt: { accept: "OK", dismiss: "Cancel" },
  beforeunload: { accept: "Leave", dismiss: "Stay" },
};

function message({ type, message: said }: Dialog): string {
  return type === "beforeunload" ? said || "What was entered may not be saved." : said;
}

function hostOf(url: string): string {
  return URL.parse?.(url)?.host || "This page";
}
