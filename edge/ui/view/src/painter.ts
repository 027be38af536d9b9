// Draws frames as they come, the newest only.

import { decode, type Frame } from "./frame.ts";

export interface Painted {
  frame: Frame;
  /** Milliseconds since 1970, by this machine's clock. */
  at: number;
}

/**
 * One picture is decoded at a time and the newest waits. What was overtaken is never decoded; the acknowledgement of the
 * one that was shown stands for it too.
 */
export class Painter {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #onPaint: (painted: Painted) => void;
  #next: Frame | undefined;
  #busy = false;
  /** The frame that is to be seen. */
  shown: Frame | undefined;

  constructor(canvas: HTMLCanvasElement, onPaint: (painted: Painted) => void) {
    this.canvas = canvas;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser has no canvas to draw on");
    this.#context = context;
    this.#onPaint = onPaint;
  }

  take(message: ArrayBuffer): Frame | undefined {
    const frame = decode(message);
    if (frame) {
      this.#next = frame;
      if (!this.#busy) void this.#paint();
    }
    return frame;
  }

  /** What waits is of a socket that is gone. */
  reset(): void {
    this.#next = undefined;
  }

  async #paint(): Promise<void> {
    this.#busy = true;
    for (let frame = this.#next; frame; frame = this.#next) {
      this.#next = undefined;
      try {
        const picture = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
        this.#draw(picture);
        this.shown = frame;
      } catch {
        // A picture that cannot be read is acknowledged all the same: else no other would come.
      }
      this.#onPaint({ frame, at: Date.now() });
    }
    this.#busy = false;
  }

  #draw(picture: ImageBitmap): void {
    if (this.canvas.width !== picture.width || this.canvas.height !== picture.height) {
      this.canvas.width = picture.width;
      this.canvas.height = picture.height;
    }
    this.#context.drawImage(picture, 0, 0);
    picture.close();
  }
}
