// One running view: client, picture and chrome, wired together.

import type { Address } from "./address.ts";
import { Client, Failure, type Host, type Wish } from "./client.ts";
import type { Box } from "./geometry.ts";
import { Queue } from "./input/queue.ts";
import { Meter } from "./meter.ts";
import { Painter } from "./painter.ts";
import type { Control, InputEvent, Problem, Rect } from "./protocol.ts";
import { Rate } from "./rate.ts";
import { drives, type State } from "./state.ts";
import { Chrome } from "./ui/chrome.ts";
import { type Context, mayDrive } from "./ui/context.ts";
import { writeClipboard } from "./ui/panels.ts";
import { Stage } from "./ui/stage.ts";

export interface Settings {
  tab: number | undefined;
  maxFps: number;
  quality: number | undefined;
  controls: "full" | "bar" | "none";
  readonly: boolean;
  mac: boolean;
}

/** What the element tells the page that it is in. */
export interface ViewEvents {
  "rookery-state": { connection: State["connection"]; state: State["life"] };
  "rookery-control": { control: Control };
  "rookery-ended": { reason: string };
  "rookery-error": { code: string; detail: string };
}

/** While nobody looks, one picture a second keeps the seat. */
const HIDDEN_FPS = 1;
const FIGURES = 500;
/** A size that still changes is not asked for yet. */
const SETTLE = 200;

export class View implements Context, Host {
  readonly client: Client;
  readonly stage: Stage;
  readonly #element: HTMLElement;
  readonly #painter: Painter;
  readonly #queue: Queue;
  readonly #chrome: Chrome;
  readonly #meter = new Meter();
  #settings: Settings;
  #rate: Rate;
  #age: number | undefined;
  #asked = "";
  #resizing: ReturnType<typeof setTimeout> | undefined;
  #rendering = false;
  #told = "";
  readonly #figures: ReturnType<typeof setInterval>;

  constructor(element: HTMLElement, address: Address, name: string, settings: Settings) {
    this.#element = element;
    this.#settings = settings;
    this.#rate = new Rate(settings.maxFps);
    this.client = new Client(address, name, this);
    this.state.pinned = settings.tab;
    // The socket first: all else is built while it opens.
    this.client.open(this.#drove());
    this.stage = new Stage(
      {
        push: (event) => this.push(event),
        drives: () => this.#drives(),
        wants: () => this.#wants(),
        isRich: () => this.state.conn !== undefined,
        leave: () => this.#leave(),
        onResize: () => this.#onResize(),
        onFocus: () => this.render(),
      },
      settings.mac,
    );
    this.#painter = new Painter(this.stage.canvas, (painted) => this.#onPaint(painted));
    this.#queue = new Queue({
      epoch: () => (this.#drives() ? this.state.control.epoch : undefined),
      tab: () => this.state.pinned,
      waiting: () => this.client.bytesWaiting,
      send: (batch) => void this.client.send(batch),
      later: (run) => void requestAnimationFrame(run),
    });
    this.#chrome = new Chrome(element, this, settings.controls);
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#figures = setInterval(() => this.#showFigures(), FIGURES);
    this.render();
  }

  get state(): State {
    return this.client.state;
  }

  get readonly(): boolean {
    return this.#settings.readonly;
  }

  settings(settings: Settings): void {
    if (settings.maxFps !== this.#settings.maxFps) this.#rate = new Rate(settings.maxFps);
    if (settings.tab !== this.#settings.tab) this.state.pinned = settings.tab;
    this.#settings = settings;
    this.#chrome.controls(settings.controls);
    this.#ask();
    this.render();
  }

  close(): void {
    this.stage.blur();
    this.client.close();
    clearInterval(this.#figures);
    clearTimeout(this.#resizing);
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#chrome.close();
  }

  // What the parts of the chrome ask for.

  run(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const problem = error instanceof Failure ? error.problem : { code: "internal", detail: String(error) };
      this.onProblem(problem);
    });
  }

  toast(...words: Parameters<Context["toast"]>): void {
    this.#chrome.toast(...words);
  }

  announce(text: string): void {
    this.#chrome.announce(text);
  }

  /** Once, however much has changed. */
  render(): void {
    if (this.#rendering) return;
    this.#rendering = true;
    queueMicrotask(() => {
      this.#rendering = false;
      this.#chrome.render();
      this.stage.driven(this.#drives(), this.state.cursor);
      this.#tell();
    });
  }

  pin(tab: number | undefined): void {
    this.state.pinned = tab;
    this.#ask();
    this.render();
  }

  focusPage(): void {
    this.stage.focus();
  }

  onStage(rect: Rect): Box | undefined {
    return this.stage.onStage(rect);
  }

  async takeControl(): Promise<void> {
    await this.client.control("take_control", { holder: this.state.name });
    this.announce("Control, Alt and Escape leave the page.");
    if (!matchMedia("(pointer: coarse)").matches) this.focusPage();
    await this.client.lookForDialogs();
  }

  async handBack(note?: string): Promise<void> {
    const fields = note === undefined ? {} : { note };
    await this.client.control("return_control", { holder: this.state.name, ...fields });
  }

  paste(text: string): void {
    this.stage.keyboard.paste(text);
  }

  // What the client tells.

  onChange(): void {
    this.render();
  }

  onFrame(message: ArrayBuffer): void {
    const now = Date.now();
    const frame = this.#painter.take(message);
    if (!frame) return;
    this.#meter.take(message.byteLength, now);
    // A still page sends old pictures to late joiners: they say nothing of the link.
    const age = this.#rate.age(frame.capturedAt / 1_000, now);
    this.#age = age;
    if (document.visibilityState === "visible" && this.#rate.take(age, now)) this.#ask();
  }

  onSocket(): void {
    this.#rate = new Rate(this.#settings.maxFps);
    this.#painter.reset();
    this.#asked = JSON.stringify(this.wish());
  }

  onClipboard(text: string, truncated: boolean): void {
    void writeClipboard(text).then((written) => {
      if (written) this.toast("Copied from the page.");
      else
        this.toast("The page copied text.", {
          label: "Show",
          act: () => this.#chrome.copied(text, truncated),
        });
    });
  }

  onProblem(problem: Problem): void {
    const id = problem.request_id === undefined ? "" : ` (request ${problem.request_id})`;
    this.toast(problem.detail + id);
    this.#emit("rookery-error", { code: problem.code, detail: problem.detail });
  }

  onControl(control: Control): void {
    if (!drives(this.state)) this.stage.keyboard.release();
    this.#keep(drives(this.state));
    this.#emit("rookery-control", { control });
  }

  onLost(control: Control): void {
    this.#keep(false);
    if (control.mode !== "ai_control") return;
    const again = { label: "Take it again", act: () => this.run(this.takeControl()) };
    this.toast("The connection broke, and control went back to the agent.", again);
  }

  wish(): Wish {
    const visible = document.visibilityState === "visible";
    const wish: Wish = { max_fps: visible ? this.#rate.fps : HIDDEN_FPS };
    // Before the first layout there is no size to ask for: the first picture comes as it is.
    if (this.stage?.wantedWidth) wish.max_width = this.stage.wantedWidth;
    if (this.#settings.quality !== undefined) wish.quality = this.#settings.quality;
    if (this.state.pinned !== undefined) wish.tab = this.state.pinned;
    return wish;
  }

  push(event: InputEvent): boolean {
    return this.#queue.push(event);
  }

  #onPaint({
    frame,
    at,
  }: {
    frame: { seq: number; width: number; height: number; inputWidth: number; inputHeight: number };
    at: number;
  }): void {
    this.client.send({ type: "frames:ack", seq: frame.seq });
    const first = !this.stage.hasPicture;
    this.stage.painted(frame, { width: frame.inputWidth, height: frame.inputHeight });
    this.#element.dispatchEvent(new CustomEvent("rookery-frame", { detail: { seq: frame.seq, at } }));
    if (first) this.render();
  }

  /** Asks for frames anew where that differs from what was asked. */
  #ask(): void {
    const wish = this.wish();
    const text = JSON.stringify(wish);
    if (text === this.#asked) return;
    if (this.client.send({ type: "frames:start", ...wish })) this.#asked = text;
  }

  #onResize(): void {
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => this.#ask(), SETTLE);
  }

  #onVisible = (): void => {
    if (document.visibilityState === "hidden") this.stage.keyboard.release();
    this.#ask();
  };

  #drives(): boolean {
    return drives(this.state) && !this.readonly;
  }

  /** A person clicks or types. */
  #wants(): boolean {
    if (this.#drives()) return true;
    if (mayDrive(this) && this.state.connection === "open" && this.state.life === "ready")
      this.#chrome.hint();
    return false;
  }

  #leave(): void {
    this.#chrome.focus();
    this.announce("You have left the page. The keyboard works the view again.");
  }

  #showFigures(): void {
    const { fps, bits } = this.#meter.read(Date.now());
    this.#chrome.status.figures({ fps, bits, age: this.#age, rtt: this.client.rtt });
  }

  #tell(): void {
    const { connection, life: state, reason } = this.state;
    const text = `${connection} ${state}`;
    if (text === this.#told) return;
    const ended = state === "ended" && !this.#told.endsWith(" ended");
    this.#told = text;
    this.#emit("rookery-state", { connection, state });
    if (ended) this.#emit("rookery-ended", { reason });
    if (this.state.problem) this.#emit("rookery-error", this.state.problem);
  }

  #emit<K extends keyof ViewEvents>(type: K, detail: ViewEvents[K]): void {
    this.#element.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** Remembered for a reload of this browser tab. */
  #keep(driving: boolean): void {
    try {
      if (driving) sessionStorage.setItem(this.#key(), this.client.resumption ?? "");
      else sessionStorage.removeItem(this.#key());
    } catch {
      // Without storage a reload loses control, and says so.
    }
  }

  #drove(): string | undefined {
    try {
      return sessionStorage.getItem(this.#key()) ?? undefined;
    } catch {
      return undefined;
    }
  }

  #key(): string {
    return `rookery:drives:${this.client.address.session}`;
  }
}
