// A question over the picture: what the page asks, or what the view does.

import { h } from "./dom.ts";

export interface SheetOptions {
  title: string;
  /** What it is about, kept so that the same is not shown twice. */
  key: string;
  /** `alertdialog` for what waits for an answer of the page's. */
  urgent?: boolean;
  /** The keyboard stays with the page. */
  aside?: boolean;
  onCancel?(): void;
}

export class Sheets {
  readonly element = h("div", { class: "sheets", hidden: true });
  readonly #onClose: () => void;
  #key: string | undefined;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  get key(): string | undefined {
    return this.#key;
  }

  open(options: SheetOptions, ...children: (Node | string | false)[]): HTMLElement {
    this.#key = options.key;
    const title = h("h2", { id: "sheet-title" }, {}, options.title);
    const form = h("form", {}, { submit: (event) => event.preventDefault() }, title, ...children);
    const sheet = h(
      "div",
      {
        class: "sheet",
        role: options.urgent ? "alertdialog" : "dialog",
        "aria-labelledby": "sheet-title",
        tabindex: -1,
      },
      {
        keydown: (event) => {
          if (event.key === "Escape" && !event.isComposing) {
            event.preventDefault();
            event.stopPropagation();
            options.onCancel?.();
            this.close(options.key);
          }
          if (event.key === "Tab") wrap(sheet, event);
        },
      },
      form,
    );
    this.element.replaceChildren(sheet);
    this.element.hidden = false;
    if (!options.aside)
      (sheet.querySelector<HTMLElement>("[autofocus]") ?? sheet).focus({ preventScroll: true });
    return sheet;
  }

  /** Closes what is open, or only if it is about `key`. */
  close(key = this.#key): void {
    if (this.#key === undefined || this.#key !== key) return;
    this.#key = undefined;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.#onClose();
  }
}

/** Tab goes round within the sheet. */
function wrap(sheet: HTMLElement, event: KeyboardEvent): void {
  const all = [...sheet.querySelectorAll<HTMLElement>("button, input, select, textarea, a[href]")].filter(
    (one) => !one.matches(":disabled, [hidden]"),
  );
  const [first, last] = [all[0], all.at(-1)];
  const at = (sheet.getRootNode() as ShadowRoot).activeElement;
  if (event.shiftKey ? at === first || at === sheet : at === last) {
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }
}

export function actions(...buttons: HTMLElement[]): HTMLElement {
  return h("div", { class: "actions" }, {}, ...buttons);
}

export function action(label: string, click: () => void, kind = ""): HTMLButtonElement {
  return h("button", { type: kind === "primary" ? "submit" : "button", class: kind }, { click }, label);
}
