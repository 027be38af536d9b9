// One session as seen from here: its socket, its state, and what may be asked of it.

import { type Address, httpUrl, socketUrl } from "./address.ts";
import type { Control, Dialog, Problem, ServerMessage, Session } from "./protocol.ts";
import { Line, verdict } from "./socket.ts";
import { apply, controlIs, initial, type State, sessionIs, taken } from "./state.ts";

/** Beats that measure the way to the edge and back, and how long it may be silent. */
const BEAT = 2_000;
const SILENCE = 12_000;
/** Requests that nobody answers are given up. */
const PATIENCE = 40_000;
/** Titles come with no event of their own: the session is read again soon after something happened, and once more. */
const REREAD = [150, 1_200];

export class Failure extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export interface Wish {
  max_fps: number;
  quality?: number;
  max_width?: number;
  tab?: number;
}

export interface Host {
  onChange(): void;
  onFrame(frame: ArrayBuffer): void;
  /** Another socket: frames are counted and timed anew. */
  onSocket(): void;
  onClipboard(text: string, truncated: boolean): void;
  onProblem(problem: Problem): void;
  onControl(control: Control): void;
  /** The line broke for so long that control was given to somebody else. */
  onLost(control: Control): void;
  wish(): Wish;
}

interface Waiting {
  resolve(message: ServerMessage & { type: "result" }): void;
  reject(failure: Failure): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Client {
  readonly address: Address;
  readonly state: State;
  /** Milliseconds to the edge and back. */
  rtt: number | undefined;
  readonly #host: Host;
  readonly #line: Line;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #seq: string | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #heard = 0;
  #asked = 0;
  #rereads: ReturnType<typeof setTimeout>[] = [];
  /** Control is being taken, so that news of it is no gift. */
  #taking = 0;
  /** This viewer drove when its socket went. */
  #drove = false;
  /** By it the next socket takes over the control that this one holds. */
  #word: string | undefined;
  /** An older edge refuses parameters that it does not know. */
  #isNamed = true;
  #wasOpen = false;

  constructor(address: Address, name: string, host: Host) {
    this.address = address;
    this.state = initial(name);
    this.#host = host;
    this.#line = new Line({
      url: () =>
        socketUrl(address, {
          after: this.#seq,
          name: this.#isNamed ? this.state.name : undefined,
          resume: this.#drove ? this.#word : undefined,
        }),
      onOpen: () => this.#onOpen(),
      onText: (text) => this.#onText(text),
      onFrame: (frame) => {
        this.#heard = Date.now();
        host.onFrame(frame);
      },
      onClose: (code, reason, opened) => this.#onClose(code, reason, opened),
    });
  }

  /** What the next page needs to go on driving where this one was; `undefined`: it does not drive. */
  get resumption(): string | undefined {
    const drives = this.state.mine !== undefined && this.state.mine === this.state.control.epoch;
    return drives || this.#drove ? (this.#word ?? "") : undefined;
  }

  /** `resumption`: of the page before, which held control: it is taken again. */
  open(resumption?: string): void {
    this.#drove = resumption !== undefined;
    this.#word = resumption || undefined;
    this.#line.open();
  }

  close(): void {
    this.#line.close();
    this.#stopped();
    this.state.connection = "closed";
  }

  send(message: unknown): boolean {
    return this.#line.send(message);
  }

  get bytesWaiting(): number {
    return this.#line.waiting;
  }

  /** The answer to a message, or a [`Failure`]. */
  request(message: Record<string, unknown>): Promise<ServerMessage & { type: "result" }> {
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve, reject) => {
      const fail = (code: string, detail: string) => {
        this.#waiting.delete(id);
        reject(new Failure({ code, detail, retryable: true }));
      };
      if (!this.#line.send({ ...message, id }))
        return fail("unavailable", "there is no connection to the edge");
      const timer = setTimeout(() => fail("timeout", "the edge has not answered"), PATIENCE);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  command(action: string, fields: Record<string, unknown> = {}): Promise<unknown> {
    return this.request({ type: "command", action, ...fields });
  }

  async control(
    action: string,
    fields: { holder?: string; note?: string } = {},
  ): Promise<Control | undefined> {
    const takes = action === "take_control";
    if (takes) this.#taking += 1;
    const { control } = await this.request({ type: "control", action, ...fields }).finally(() => {
      if (takes) this.#taking -= 1;
    });
    if (!control) return undefined;
    if (takes) taken(this.state, control);
    else controlIs(this.state, control);
    this.#host.onControl(control);
    this.#host.onChange();
    return control;
  }

  /** Over HTTP, with the same rights as the socket. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(httpUrl(this.address, path), { referrerPolicy: "no-referrer", ...init });
    if (response.ok) return response;
    throw new Failure(await problemOf(response));
  }

  /** Reads tabs and titles again. */
  reread(): void {
    for (const timer of this.#rereads) clearTimeout(timer);
    this.#rereads = REREAD.map((after) => setTimeout(() => void this.#read(), after));
  }

  async #read(): Promise<void> {
    try {
      const session = (await (await this.fetch("")).json()) as Session;
      // Control comes with its events: an answer that was overtaken must not bring back the old one.
      sessionIs(this.state, { ...session, control: this.state.control });
      this.#host.onChange();
    } catch {
      // The next event asks again.
    }
  }

  #onOpen(): void {
    this.#wasOpen = true;
    this.#heard = Date.now();
    // At once, beside the server's hello: the first picture waits for nothing else.
    this.send({ type: "frames:start", ...this.#host.wish() });
    clearInterval(this.#beat);
    this.#beat = setInterval(() => this.#onBeat(), BEAT);
    this.#onBeat();
    this.#host.onSocket();
  }

  #onBeat(): void {
    if (Date.now() - this.#heard > SILENCE) {
      this.#line.replace();
      return;
    }
    this.#asked = performance.now();
    this.send({ type: "ping", id: "beat" });
  }

  #onText(text: string): void {
    this.#heard = Date.now();
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === "pong") {
      this.rtt = performance.now() - this.#asked;
      return;
    }
    if (message.type === "event" && message.seq !== undefined) this.#seq = message.seq;
    const before = this.state.control;
    const droveBefore = this.state.mine === before.epoch;
    apply(this.state, message);
    this.#answered(message);
    if (message.type === "hello") this.#onHello(message);
    if (message.type === "event") this.#onEvent(message.event.type);
    if (message.type === "clipboard") this.#host.onClipboard(message.text, message.truncated === true);
    if (this.state.control !== before) {
      if (droveBefore && this.state.mine !== this.state.control.epoch) this.#drove = false;
      this.#granted();
      this.#host.onControl(this.state.control);
    }
    this.#host.onChange();
  }

  #answered(message: ServerMessage): void {
    if (message.type !== "result" && message.type !== "error") return;
    const waiting = this.#waiting.get(Number(message.id));
    if (!waiting) {
      if (message.type === "error") this.#host.onProblem(message.error);
      return;
    }
    this.#waiting.delete(Number(message.id));
    clearTimeout(waiting.timer);
    if (message.type === "result") waiting.resolve(message);
    else waiting.reject(new Failure(message.error));
  }

  #onHello(message: { seq?: string; resume?: string }): void {
    this.#seq ??= message.seq;
    this.#word = message.resume;
    this.state.connection = "open";
    const { control } = this.state;
    if (!this.#drove) return;
    // Whoever drove goes on driving after a broken line, unless the edge noticed it first.
    if (control.mode === "user_control" && control.holder === this.state.name) {
      this.#resume();
    } else {
      this.#drove = false;
      this.#host.onLost(control);
    }
  }

  #onEvent(type: string): void {
    if (type === "session:tab" || type === "session:navigated" || type === "session:recovered") this.reread();
    if (type === "session:ended") this.#stopped();
  }

  /** Another person has handed control to this one: taking it says that they are here. */
  #granted(): void {
    const { control, name, mine } = this.state;
    if (this.#taking > 0) return;
    if (control.mode !== "user_control" || control.holder !== name || mine === control.epoch) return;
    this.#resume();
  }

  #resume(): void {
    this.control("take_control", { holder: this.state.name }).then(
      () => this.lookForDialogs(),
      () => undefined,
    );
  }

  /** A dialog that opened before this viewer came is known only to whoever needs the page. */
  async lookForDialogs(): Promise<void> {
    if (this.state.access !== "full") return;
    // The error, if there is one, carries the dialog, and the state has it by then.
    await this.command("evaluate", { expression: "0", timeout_ms: 2_000, on_human_control: "fail" }).catch(
      () => undefined,
    );
  }

  answerDialog(dialog: Dialog, accept: boolean, text?: string): Promise<unknown> {
    const fields = text === undefined ? { accept } : { accept, text };
    return this.command("dialog", { ...fields, tab: dialog.tab });
  }

  #onClose(code: number, reason: string, opened: boolean): boolean {
    this.#drove ||= this.state.mine !== undefined && this.state.mine === this.state.control.epoch;
    this.#stopped();
    this.state.connection = "lost";
    this.state.mine = undefined;
    this.rtt = undefined;
    const again = opened ? this.#judge(code, reason) : true;
    if (!opened) void this.#diagnose();
    if (!again) this.state.connection = "closed";
    this.#host.onChange();
    return again;
  }

  #judge(code: number, reason: string): boolean {
    switch (verdict(code)) {
      case "ended":
        this.state.life = "ended";
        return false;
      case "refused":
        this.state.problem = {
          code: "unauthenticated",
          detail: reason || "the edge has closed the connection",
        };
        return false;
      case "moved":
      case "again":
        return true;
    }
  }

  /** A handshake that fails tells a script nothing: the same session over HTTP says why. */
  async #diagnose(): Promise<void> {
    try {
      const session = (await (await this.fetch("")).json()) as Session;
      if (!this.#wasOpen) this.#isNamed = false;
      // A word that this fleet does not know would be refused for ever.
      this.#word = undefined;
      sessionIs(this.state, session);
      if (session.state === "ended") this.#refused({ code: "gone", detail: "" });
    } catch (error) {
      // No answer at all is an edge that restarts.
      if (error instanceof Failure && !error.problem.retryable) this.#refused(error.problem);
    }
    this.#host.onChange();
  }

  #refused(problem: Problem): void {
    this.#line.close();
    this.state.connection = "closed";
    if (problem.code === "gone") {
      this.state.life = "ended";
      this.state.reason ||= problem.context?.end_reason ?? "";
    } else {
      this.state.problem = problem;
    }
  }

  #stopped(): void {
    clearInterval(this.#beat);
    for (const timer of this.#rereads) clearTimeout(timer);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(
        new Failure({ code: "unavailable", detail: "the connection to the edge was lost", retryable: true }),
      );
    }
    this.#waiting.clear();
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const id = response.headers.get("x-request-id");
  const given = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  const problem: Problem = {
    code: given?.code ?? `http_${response.status}`,
    detail: given?.detail ?? (response.statusText || `status ${response.status}`),
    retryable: given?.retryable ?? response.status >= 500,
  };
  const request = given?.request_id ?? id;
  if (request) problem.request_id = request;
  if (given?.context) problem.context = given.context;
  return problem;
}
