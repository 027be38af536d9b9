// The picture, and what a person does on it.

import { type Box, letterbox, type Point, type Size, toPage, toScreen, wantedWidth } from "../geometry.ts";
import { Keyboard } from "../input/keyboard.ts";
import { Pointer } from "../input/pointer.ts";
import type { InputEvent, Rect } from "../protocol.ts";
import { h, set } from "./dom.ts";

/** A page that chooses a cursor by its own picture gets the arrow. */
const CURSOR = /^[a-z-]{1,20}$/;

export interface Acts {
  push(event: InputEvent): boolean;
  drives(): boolean;
  /** A person wants to act; false, and they are told, where they may not. */
  wants(): boolean;
  isRich(): boolean;
  leave(): void;
  onResize(): void;
  onFocus(): void;
}

export class Stage {
  readonly element: HTMLElement;
  readonly canvas = h("canvas", { class: "picture", "aria-hidden": "true", width: 1, height: 1 });
  readonly keyboard: Keyboard;
  readonly #field = h("textarea", {
    class: "keys",
    rows: 1,
    autocomplete: "off",
    autocorrect: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-label": "The page. What you type goes to it while you drive; Control, Alt and Escape leave it.",
  });
  readonly #surface: HTMLElement;
  #input: Size | undefined;
  #picture: Size | undefined;

  constructor(acts: Acts, mac: boolean, ...over: HTMLElement[]) {
    this.#surface = h("div", { class: "surface" }, {}, this.canvas, this.#field);
    this.element = h("div", { class: "stage" }, {}, this.#surface, ...over);
    this.keyboard = new Keyboard(this.#field, { ...acts, mac });
    new Pointer(this.#surface, {
      toPage: (x, y) => this.#toPage({ x, y }),
      size: () => this.#input ?? { width: 0, height: 0 },
      push: acts.push,
      drives: acts.drives,
      wants: acts.wants,
      // A finger does not bring up the keyboard of a phone: there is a button for that.
      focus: (event) => event.pointerType !== "touch" && this.focus(),
      mac,
    });
    this.#field.addEventListener("focus", acts.onFocus);
    this.#field.addEventListener("blur", acts.onFocus);
    new ResizeObserver(() => {
      this.#place();
      acts.onResize();
    }).observe(this.#surface);
  }

  /** A frame is on the canvas. */
  painted(picture: Size, input: Size): void {
    this.#input = input;
    if (this.#picture?.width === picture.width && this.#picture.height === picture.height) return;
    this.#picture = picture;
    this.#place();
  }

  get hasPicture(): boolean {
    return this.#picture !== undefined;
  }

  /** Whether the keyboard goes to the page. */
  get isCaptured(): boolean {
    return this.#field.matches(":focus");
  }

  get wantedWidth(): number {
    return wantedWidth(this.#size(), devicePixelRatio);
  }

  focus(): void {
    this.#field.focus({ preventScroll: true });
  }

  blur(): void {
    this.#field.blur();
  }

  /** Whether a person drives here, and the cursor that the page wants them to have. */
  driven(drives: boolean, keyword: string): void {
    set(this.#surface, { "data-driven": drives });
    this.#surface.style.cursor = drives && CURSOR.test(keyword) ? keyword : "default";
  }

  onStage(rect: Rect): Box | undefined {
    if (!this.#input) return undefined;
    const [picture, stage] = [this.canvas.getBoundingClientRect(), this.element.getBoundingClientRect()];
    const box = toScreen(rect, picture, this.#input);
    return { ...box, left: box.left - stage.left, top: box.top - stage.top };
  }

  #size(): Size {
    return { width: this.#surface.clientWidth, height: this.#surface.clientHeight };
  }

  #toPage(point: Point): Point | undefined {
    return this.#input && toPage(point, this.canvas.getBoundingClientRect(), this.#input);
  }

  #place(): void {
    const size = this.#size();
    if (!this.#picture || !size.width || !size.height) return;
    const box = letterbox(size, this.#picture, devicePixelRatio);
    for (const side of ["left", "top", "width", "height"] as const)
      this.canvas.style[side] = `${box[side]}px`;
    set(this.canvas, { "data-ready": true });
  }
}
