// A WebSocket that comes back.

/** While an edge restarts the view shall be back within 2 s of its return; later there is no hurry. */
const EAGER = 60_000;
const LONGEST = { eager: 800, patient: 5_000 };
/** A handshake that hangs is given up. */
const HANDSHAKE = 5_000;

/** Milliseconds to wait before the `attempt`th try (from 0) of a socket that has been away for `away` ms. */
export function delay(attempt: number, away: number, random: number): number {
  const longest = away < EAGER ? LONGEST.eager : LONGEST.patient;
  return Math.min(50 * 2 ** Math.min(attempt, 12), longest) * (0.75 + random / 4);
}

/** What a close code asks for. */
export type Verdict = "ended" | "refused" | "again" | "moved";

export function verdict(code: number): Verdict {
  switch (code) {
    case 1000:
      return "ended";
    // A link that expired, or was never valid.
    case 1008:
      return "refused";
    // The gateway stops: its successor or neighbour is there already.
    case 1001:
    case 1012:
      return "moved";
    default:
      return "again";
  }
}

export interface Listener {
  /** Where to connect, asked for anew each time. */
  url(): string;
  onOpen(): void;
  onText(text: string): void;
  onFrame(frame: ArrayBuffer): void;
  /** The socket is gone, `opened` tells whether it ever was there. False ends the attempts. */
  onClose(code: number, reason: string, opened: boolean): boolean;
}

export class Line {
  readonly #listener: Listener;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #since = Date.now();
  #ended = false;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  open(): void {
    this.#ended = false;
    this.#connect();
    addEventListener("online", this.#now);
    document.addEventListener("visibilitychange", this.#now);
  }

  /** For good. */
  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    removeEventListener("online", this.#now);
    document.removeEventListener("visibilitychange", this.#now);
    this.#drop()?.close();
  }

  /** The socket is there but nobody answers on it: the next one, now. */
  replace(): void {
    const dead = this.#drop();
    if (dead && this.#listener.onClose(1006, "no answer", true)) this.#again(0);
    dead?.close();
  }

  /** False where there is no socket to send on. */
  send(message: unknown): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Bytes that wait for the link. */
  get waiting(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  #now = (): void => {
    if (this.#timer !== undefined && document.visibilityState === "visible") this.#again(0);
  };

  #drop(): WebSocket | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #connect(): void {
    const socket = new WebSocket(this.#listener.url());
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let opened = false;
    const late = setTimeout(() => socket.close(), HANDSHAKE);
    socket.onopen = () => {
      opened = true;
      clearTimeout(late);
      this.#attempt = 0;
      this.#listener.onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.#listener.onText(data);
      else this.#listener.onFrame(data);
    };
    socket.onclose = ({ code, reason }) => {
      clearTimeout(late);
      this.#socket = undefined;
      if (opened) this.#since = Date.now();
      if (this.#listener.onClose(code, reason, opened) && !this.#ended) this.#again();
    };
  }

  #again(after = delay(this.#attempt, Date.now() - this.#since, Math.random())): void {
    clearTimeout(this.#timer);
    this.#attempt += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#connect();
    }, after);
  }
}
