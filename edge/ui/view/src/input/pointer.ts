// Mouse, pen, touch and wheel.

import { isInside, type Point } from "../geometry.ts";
import type { Button, InputEvent, TouchPoint } from "../protocol.ts";
import { modifiers } from "./modifiers.ts";

const BUTTONS: readonly Button[] = ["left", "middle", "right", "back", "forward"];
/** Two clicks are one double click as desktops have it. */
const DOUBLE = { ms: 500, px: 5 };
/** CSS pixels of a line of a wheel that counts in lines, as Chromium has it. */
const LINE = 100 / 3;

/** Counts clicks: 1, 2 or 3 as they follow each other at one place. */
export class Clicks {
  #last: { at: number; button: number; x: number; y: number; count: number } | undefined;

  down(button: number, x: number, y: number, at: number): number {
    const last = this.#last;
    const follows =
      last !== undefined &&
      last.button === button &&
      at - last.at <= DOUBLE.ms &&
      Math.hypot(x - last.x, y - last.y) <= DOUBLE.px;
    const count = follows ? (last.count % 3) + 1 : 1;
    this.#last = { at, button, x, y, count };
    return count;
  }

  get count(): number {
    return this.#last?.count ?? 1;
  }
}

export interface Stage {
  /** A point of the screen as one of the page; nothing before the first picture. */
  toPage(x: number, y: number): Point | undefined;
  size(): { width: number; height: number };
  push(event: InputEvent): boolean;
  /** Whether what is done here reaches the page. */
  drives(): boolean;
  /** A person wants to act. False where they may not, which is told to them. */
  wants(): boolean;
  /** The keyboard shall go to the page. */
  focus(event: PointerEvent): void;
  mac: boolean;
}

export class Pointer {
  readonly #stage: Stage;
  readonly #clicks = new Clicks();
  readonly #touches = new Map<number, TouchPoint>();
  /** Buttons that went down on the page, by their numbers. */
  readonly #down = new Set<number>();

  constructor(element: HTMLElement, stage: Stage) {
    this.#stage = stage;
    const passive = { passive: false };
    element.addEventListener("pointerdown", (e) => this.#onDown(element, e));
    element.addEventListener("pointermove", (e) => this.#onMove(e));
    element.addEventListener("pointerup", (e) => this.#onUp(e));
    element.addEventListener("pointercancel", (e) => this.#onCancel(e));
    element.addEventListener("lostpointercapture", (e) => this.#onCancel(e));
    element.addEventListener("wheel", (e) => this.#onWheel(e), passive);
    // Right clicks, middle clicks and the browser's own gestures go to the page.
    for (const own of ["contextmenu", "auxclick", "dragstart", "selectstart"]) {
      element.addEventListener(own, (e) => e.preventDefault());
    }
    for (const own of ["touchstart", "touchmove"]) {
      // Where nobody drives, a finger or a wheel scrolls the page that the view is in.
      element.addEventListener(own, (e) => e.cancelable && stage.drives() && e.preventDefault(), passive);
    }
  }

  #onDown(element: HTMLElement, event: PointerEvent): void {
    event.preventDefault();
    const point = this.#stage.toPage(event.clientX, event.clientY);
    if (!point || !isInside(point, this.#stage.size())) return;
    this.#stage.focus(event);
    if (!this.#stage.wants()) return;
    element.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this.#touches.set(id(event), { id: id(event), ...point });
      this.#touch("start");
      return;
    }
    this.#button("down", event.button, point, event);
  }

  #onMove(event: PointerEvent): void {
    if (event.pointerType === "touch") {
      if (!this.#touches.has(id(event))) return;
      const point = this.#stage.toPage(event.clientX, event.clientY);
      if (point) this.#touches.set(id(event), { id: id(event), ...point });
      this.#touch("move");
      return;
    }
    const point = this.#stage.toPage(event.clientX, event.clientY);
    if (!point || (this.#down.size === 0 && !isInside(point, this.#stage.size()))) return;
    // A second button while one is held comes as a move.
    if (event.button >= 0) {
      const pressed = (event.buttons & bit(event.button)) !== 0;
      if (pressed !== this.#down.has(event.button)) {
        this.#button(pressed ? "down" : "up", event.button, point, event);
        return;
      }
    }
    this.#stage.push({ kind: "mouse", event: "move", ...point, ...this.#held(event) });
  }

  #onUp(event: PointerEvent): void {
    event.preventDefault();
    if (event.pointerType === "touch") {
      this.#lift(event, "end");
      return;
    }
    const point = this.#stage.toPage(event.clientX, event.clientY);
    if (point && this.#down.has(event.button)) this.#button("up", event.button, point, event);
  }

  /** The browser has taken the pointer away: nothing stays pressed. */
  #onCancel(event: PointerEvent): void {
    if (event.pointerType === "touch") {
      this.#lift(event, "cancel");
      return;
    }
    const point = this.#stage.toPage(event.clientX, event.clientY);
    for (const button of [...this.#down]) if (point) this.#button("up", button, point, event);
    this.#down.clear();
  }

  #button(kind: "down" | "up", button: number, point: Point, event: PointerEvent): void {
    const name = BUTTONS[button];
    if (!name) return;
    const count =
      kind === "down" ? this.#clicks.down(button, point.x, point.y, event.timeStamp) : this.#clicks.count;
    if (kind === "down") this.#down.add(button);
    else this.#down.delete(button);
    this.#stage.push({
      kind: "mouse",
      event: kind,
      ...point,
      button: name,
      click_count: count,
      ...this.#held(event),
    });
  }

  #held(event: MouseEvent): { modifiers?: ReturnType<typeof modifiers> } {
    const held = modifiers(event, this.#stage.mac);
    return held.length ? { modifiers: held } : {};
  }

  #touch(event: "start" | "move" | "end" | "cancel"): void {
    this.#stage.push({ kind: "touch", event, points: [...this.#touches.values()] });
  }

  #lift(event: PointerEvent, how: "end" | "cancel"): void {
    if (!this.#touches.delete(id(event))) return;
    // A page is told of the fingers that stay: Chromium finds out which one has gone.
    this.#touch(this.#touches.size > 0 && how === "end" ? "move" : how);
  }

  #onWheel(event: WheelEvent): void {
    if (!this.#stage.drives()) return;
    // Control and the wheel would zoom the viewer's own page.
    event.preventDefault();
    const point = this.#stage.toPage(event.clientX, event.clientY);
    if (!point || !isInside(point, this.#stage.size())) return;
    const { x, y } = wheelPixels(event, this.#stage.size());
    this.#stage.push({ kind: "wheel", ...point, delta_x: x, delta_y: y, ...this.#held(event) });
  }
}

/** A wheel may count in pixels, lines or pages. */
export function wheelPixels(
  event: { deltaX: number; deltaY: number; deltaMode: number },
  page: { width: number; height: number },
): Point {
  if (event.deltaMode === 1) return { x: event.deltaX * LINE, y: event.deltaY * LINE };
  if (event.deltaMode === 2) return { x: event.deltaX * page.width, y: event.deltaY * page.height };
  return { x: event.deltaX, y: event.deltaY };
}

/** Ids of pointers may be large or negative; the page's are small numbers. */
function id(event: PointerEvent): number {
  return Math.abs(event.pointerId) % 0x8000_0000;
}

/** The bit of `buttons` that stands for a `button`. */
function bit(button: number): number {
  return [1, 4, 2, 8, 16][button] ?? 0;
}
