// Keys, text, composition of an IME, and the clipboard, by way of a text field that nobody sees.

import type { InputEvent } from "../protocol.ts";
import { modifiers } from "./modifiers.ts";

/** Something to delete: else phones do not tell of their backspace. */
const FILLER = "  ";

export interface Typist {
  push(event: InputEvent): boolean;
  drives(): boolean;
  wants(): boolean;
  /** Whether the edge knows `compose`, `paste`, `copy` and `cut`. */
  isRich(): boolean;
  /** The key that leaves the page was pressed. */
  leave(): void;
  mac: boolean;
}

/** Ctrl+Alt+Escape gives the keyboard back to the viewer's own page. */
export function isLeave(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey">): boolean {
  return event.key === "Escape" && event.ctrlKey && event.altKey;
}

export class Keyboard {
  readonly field: HTMLTextAreaElement;
  readonly #typist: Typist;
  /** By code: what went down goes up, whatever its name is by then. */
  readonly #down = new Map<string, string>();
  #composing = false;
  /** What the last composition committed, which some browsers tell of once more. */
  #committed = false;

  constructor(field: HTMLTextAreaElement, typist: Typist) {
    this.field = field;
    this.#typist = typist;
    field.addEventListener("keydown", (e) => this.#onDown(e));
    field.addEventListener("keyup", (e) => this.#onUp(e));
    field.addEventListener("beforeinput", (e) => this.#onBefore(e));
    field.addEventListener("input", () => this.#composing || this.#fill());
    field.addEventListener("compositionstart", () => this.#onCompose());
    field.addEventListener("compositionupdate", (e) => this.#onUpdate(e.data));
    field.addEventListener("compositionend", (e) => this.#onCommit(e.data));
    field.addEventListener("paste", (e) => this.#onPaste(e));
    field.addEventListener("focus", () => this.#fill());
    field.addEventListener("blur", () => this.release());
    this.#fill();
  }

  /** Nothing stays pressed when the keyboard goes elsewhere. */
  release(): void {
    for (const [code, key] of this.#down) this.#typist.push({ kind: "key", event: "up", key, code });
    this.#down.clear();
    if (this.#composing) this.#onCommit("");
  }

  /** A key that has no keyboard, as phones want it. */
  press(key: string, code = key): void {
    this.#typist.push({ kind: "key", event: "down", key, code });
    this.#typist.push({ kind: "key", event: "up", key, code });
  }

  text(text: string): void {
    if (text) this.#typist.push({ kind: "text", text });
  }

  paste(text: string): void {
    if (!text) return;
    const rich = this.#typist.isRich();
    // An edge that knows no clipboard still takes text.
    for (const part of rich ? [text] : pieces(text))
      this.#typist.push({ kind: rich ? "paste" : "text", text: part });
  }

  #fill(): void {
    this.field.value = FILLER;
    this.field.setSelectionRange(FILLER.length, FILLER.length);
  }

  #onDown(event: KeyboardEvent): void {
    if (isLeave(event)) {
      event.preventDefault();
      this.#typist.leave();
      return;
    }
    if (!this.#typist.drives()) {
      // Tab goes on to the next button, and nobody is caught here.
      if (event.key.length === 1) this.#typist.wants();
      return;
    }
    // The IME's own, a dead key, or a phone that tells of text alone: what comes of it follows as text.
    if (event.isComposing || event.keyCode === 229 || event.key === "Dead" || event.key === "Process") return;
    if (event.key === "Unidentified" || event.key === "AltGraph") return;
    const held = modifiers(event, this.#typist.mac);
    const command = held.length === 1 && held[0] === "Control" ? event.key.toLowerCase() : "";
    if (command === "v") {
      // The browser's `paste` follows, with the text and without asking for a permission.
      return;
    }
    event.preventDefault();
    if ((command === "c" || command === "x") && this.#typist.isRich()) {
      this.#typist.push({ kind: command === "c" ? "copy" : "cut" });
      return;
    }
    const key = this.#named(event.key);
    const code = this.#placed(event);
    this.#down.set(code, key);
    const down: InputEvent = { kind: "key", event: "down", key, code };
    if (held.length) down.modifiers = held;
    if (event.repeat) down.repeat = true;
    this.#typist.push(down);
  }

  #onUp(event: KeyboardEvent): void {
    const code = this.#placed(event);
    const key = this.#down.get(code);
    if (key === undefined) return;
    event.preventDefault();
    this.#down.delete(code);
    const held = modifiers(event, this.#typist.mac);
    const up: InputEvent = { kind: "key", event: "up", key, code };
    if (held.length) up.modifiers = held;
    this.#typist.push(up);
    // A Mac does not tell of keys let go while Command is held.
    if (this.#typist.mac && event.key === "Meta") this.release();
  }

  #named(key: string): string {
    return this.#typist.mac && key === "Meta" ? "Control" : key;
  }

  #placed({ key, code }: KeyboardEvent): string {
    if (this.#typist.mac && key === "Meta") return code === "MetaRight" ? "ControlRight" : "ControlLeft";
    return code;
  }

  /** Text that came without a key: a phone's keyboard, an emoji picker, dictation. */
  #onBefore(event: InputEvent_): void {
    if (this.#composing || event.isComposing) return;
    switch (event.inputType) {
      case "insertText":
      case "insertReplacementText":
      case "insertFromDrop":
        event.preventDefault();
        if (!this.#committed && event.data && this.#typist.wants()) this.text(event.data);
        break;
      case "insertLineBreak":
      case "insertParagraph":
        event.preventDefault();
        if (this.#typist.wants()) this.press("Enter");
        break;
      case "deleteContentBackward":
      case "deleteWordBackward":
        event.preventDefault();
        if (this.#typist.wants()) this.press("Backspace");
        break;
      case "deleteContentForward":
        event.preventDefault();
        if (this.#typist.wants()) this.press("Delete");
        break;
      default:
    }
    this.#committed = false;
  }

  #onCompose(): void {
    this.#composing = true;
    this.#typist.wants();
  }

  #onUpdate(text: string): void {
    // In UTF-16 units, as browsers count.
    const caret = text.length;
    if (this.#typist.isRich()) this.#typist.push({ kind: "compose", text, from: caret, to: caret });
  }

  #onCommit(text: string): void {
    this.#composing = false;
    if (text) this.text(text);
    else if (this.#typist.isRich()) this.#typist.push({ kind: "compose", text: "", from: 0, to: 0 });
    // Once the browser is through with it: what is changed now would be composed anew.
    this.#committed = true;
    setTimeout(() => {
      this.#committed = false;
      if (!this.#composing) this.#fill();
    });
  }

  #onPaste(event: ClipboardEvent): void {
    event.preventDefault();
    if (this.#typist.wants()) this.paste(event.clipboardData?.getData("text/plain") ?? "");
  }
}

/** The DOM's own type of this name, beside the one of the protocol. */
type InputEvent_ = globalThis.InputEvent;

/** Parts of a text that one event may carry, never split within a character. */
export function pieces(text: string, most = 16_000): string[] {
  const parts: string[] = [];
  let part = "";
  for (const character of text) {
    if (part.length + character.length > most) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return part ? [...parts, part] : parts;
}
