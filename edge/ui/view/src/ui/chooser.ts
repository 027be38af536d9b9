// What the page lets a person choose in a window of its browser's own: files, dates, colours, suggestions.

import type { Chooser, FileChooser, Picker } from "../protocol.ts";
import { drives } from "../state.ts";
import type { Context } from "./context.ts";
import { h, say } from "./dom.ts";
import { action, actions, type Sheets } from "./sheet.ts";

const TITLES: Record<Picker["kind"], string> = {
  date: "Choose a date",
  time: "Choose a time",
  "datetime-local": "Choose date and time",
  month: "Choose a month",
  week: "Choose a week",
  color: "Choose a colour",
  datalist: "Suggestions",
};

export class Choosers {
  readonly #context: Context;
  readonly #sheets: Sheets;

  constructor(context: Context, sheets: Sheets) {
    this.#context = context;
    this.#sheets = sheets;
  }

  render(): void {
    const { state } = this.#context;
    const chooser = drives(state) ? state.chooser : undefined;
    const key = chooser && `chooser:${chooser.id}`;
    if (this.#sheets.key === key) return;
    if (this.#sheets.key?.startsWith("chooser:")) this.#sheets.close();
    // A dialog of the page comes first: nothing else is possible until it is answered.
    if (!chooser || !key || this.#sheets.key?.startsWith("dialog:")) return;
    if (chooser.kind === "file") this.#files(chooser, key);
    else if (chooser.kind === "datalist") this.#suggestions(chooser, key);
    else this.#picker(chooser, key);
  }

  async #answer(chooser: Chooser, answer: Record<string, unknown>): Promise<void> {
    this.#context.state.chooser = undefined;
    this.#sheets.close(`chooser:${chooser.id}`);
    await this.#context.client.request({ type: "chooser:answer", chooser: chooser.id, ...answer });
  }

  #cancel(chooser: Chooser): void {
    this.#context.run(this.#answer(chooser, { cancel: true }));
  }

  #files(chooser: FileChooser, key: string): void {
    const progress = h("p", { class: "muted", role: "status" });
    const input = h("input", {
      type: "file",
      multiple: chooser.multiple,
      accept: chooser.accept.join(",") || undefined,
      webkitdirectory: chooser.directory,
      "aria-label": "Files to give to the page",
      autofocus: true,
    });
    const give = (files: File[]) => {
      if (files.length === 0) return;
      input.disabled = true;
      this.#context.run(this.#upload(chooser, files, progress).finally(() => (input.disabled = false)));
    };
    input.addEventListener("change", () => give([...(input.files ?? [])]));
    const sheet = this.#sheets.open(
      {
        key,
        title: chooser.multiple ? "The page asks for files" : "The page asks for a file",
        onCancel: () => this.#cancel(chooser),
      },
      h("p", { class: "muted" }, {}, "From this device. Choose, or drop here."),
      input,
      progress,
      actions(action("Cancel", () => this.#cancel(chooser))),
    );
    sheet.addEventListener("dragover", (event) => event.preventDefault());
    sheet.addEventListener("drop", (event) => {
      event.preventDefault();
      give([...(event.dataTransfer?.files ?? [])].slice(0, chooser.multiple ? undefined : 1));
    });
    // The click that opened it in the page still counts as the person's own.
    if (navigator.userActivation?.isActive) input.click();
  }

  async #upload(chooser: FileChooser, files: File[], progress: HTMLElement): Promise<void> {
    const names: string[] = [];
    for (const [at, file] of files.entries()) {
      say(progress, `Sending ${file.name} (${at + 1} of ${files.length})…`);
      const path = `/files/uploads/${encodeURIComponent(file.name)}`;
      try {
        await this.#context.client.fetch(path, { method: "PUT", body: file });
      } catch (error) {
        say(progress, `${file.name} was not sent.`);
        throw error;
      }
      names.push(file.name);
    }
    await this.#answer(chooser, { files: names });
  }

  #picker(picker: Picker, key: string): void {
    const input = h("input", {
      type: picker.kind,
      value: picker.value,
      min: picker.min || undefined,
      max: picker.max || undefined,
      step: picker.step || undefined,
      "aria-label": TITLES[picker.kind],
      autofocus: true,
    });
    const set = () => {
      if (input.reportValidity()) this.#context.run(this.#answer(picker, { value: input.value }));
    };
    const buttons = [action("Cancel", () => this.#cancel(picker)), action("Set", set, "primary")];
    if (picker.kind !== "color") {
      buttons.unshift(action("Clear", () => this.#context.run(this.#answer(picker, { value: "" }))));
    }
    this.#place(
      picker,
      this.#sheets.open(
        { key, title: TITLES[picker.kind], onCancel: () => this.#cancel(picker) },
        input,
        actions(...buttons),
      ),
    );
    if (navigator.userActivation?.isActive) requestAnimationFrame(() => pickNow(input));
  }

  #suggestions(picker: Picker, key: string): void {
    const options = (picker.options ?? []).map((option) =>
      h(
        "button",
        { type: "button", class: "option" },
        { click: () => this.#context.run(this.#answer(picker, { value: option.value })) },
        option.value,
        option.label && option.label !== option.value
          ? h("span", { class: "muted" }, {}, option.label)
          : undefined,
      ),
    );
    this.#place(
      picker,
      this.#sheets.open(
        { key, title: TITLES.datalist, aside: true, onCancel: () => this.#cancel(picker) },
        h("div", { class: "options", role: "group", "aria-label": "Suggestions" }, {}, ...options),
        actions(action("Cancel", () => this.#cancel(picker))),
      ),
    );
  }

  /** Below the field it belongs to, where there is room. */
  #place(picker: Picker, sheet: HTMLElement): void {
    const box = this.#context.onStage(picker.rect);
    const stage = this.#sheets.element;
    if (!box || stage.clientWidth < 480) return;
    sheet.classList.add("placed");
    const left = Math.min(Math.max(box.left, 8), stage.clientWidth - sheet.offsetWidth - 8);
    const below = box.top + box.height + 4;
    const fits = below + sheet.offsetHeight + 8 <= stage.clientHeight;
    const top = fits ? below : Math.max(box.top - sheet.offsetHeight - 4, 8);
    sheet.style.left = `${left}px`;
    sheet.style.top = `${top}px`;
  }
}

/** The browser's own calendar or palette, once the field stands where it shall. */
function pickNow(input: HTMLInputElement): void {
  try {
    input.showPicker();
  } catch {
    // The field is there to be used without it.
  }
}
