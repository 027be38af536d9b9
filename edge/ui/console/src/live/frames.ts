// Pictures of a session over its WebSocket, acknowledged as they are drawn.

import { sessionPath } from "../api/client";

export interface Wish {
  max_fps: number;
  quality: number;
  max_width: number;
}

const HEADER = 32;
const JPEG = 1;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const ENDED = 1000;

export interface Frame {
  seq: number;
  jpeg: Blob;
}

/** The frame in a binary message, `null` if it is none that this page can draw. */
export function readFrame(message: ArrayBuffer): Frame | null {
  if (message.byteLength <= HEADER) return null;
  const view = new DataView(message);
  if (view.getUint8(0) !== 1 || view.getUint8(1) !== JPEG) return null;
  return {
    seq: view.getUint32(4),
    jpeg: new Blob([new Uint8Array(message, HEADER)], { type: "image/jpeg" }),
  };
}

/** Watches a session until the answer is called. The canvas takes the size of the pictures. */
export function watch(id: string, canvas: HTMLCanvasElement, wish: Wish, drawn: () => void): () => void {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;
  let over = false;

  const draw = async ({ seq, jpeg }: Frame) => {
    try {
      const picture = await createImageBitmap(jpeg);
      if (!over) {
        canvas.width = picture.width;
        canvas.height = picture.height;
        canvas.getContext("2d")?.drawImage(picture, 0, 0);
        drawn();
      }
      picture.close();
    } catch {
      // A broken picture is followed by another.
    }
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "frames:ack", seq }));
  };
  const connect = () => {
    const url = new URL(sessionPath(id, "/ws"), location.href);
    url.protocol = url.protocol.replace("http", "ws");
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      wait = FIRST_WAIT_MS;
      socket?.send(JSON.stringify({ type: "frames:start", ...wish }));
    };
    socket.onmessage = ({ data }) => {
      const frame = data instanceof ArrayBuffer ? readFrame(data) : null;
      if (frame !== null) void draw(frame);
    };
    socket.onclose = ({ code }) => {
      if (over || code === ENDED) return;
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  };
  connect();
  return () => {
    over = true;
    clearTimeout(timer);
    socket?.close();
  };
}
