/** Bytes before the picture. */
export const HEADER = 32;

/** One frame as it travels: a header of 32 bytes, big-endian, and a JPEG. */
export interface Frame {
  seq: number;
  /** Microseconds since 1970, by the worker's clock. */
  capturedAt: number;
  width: number;
  height: number;
  tab: number;
  /** The CSS pixels that input refers to. */
  inputWidth: number;
  inputHeight: number;
  jpeg: Uint8Array<ArrayBuffer>;
}

/** `undefined` for what is no frame of a version that is known. */
export function decode(message: ArrayBuffer): Frame | undefined {
  if (message.byteLength <= HEADER) return undefined;
  const header = new DataView(message, 0, HEADER);
  if (header.getUint8(0) !== 1 || header.getUint8(1) !== 1) return undefined;
  const frame = {
    seq: header.getUint32(4),
    capturedAt: Number(header.getBigUint64(8)),
    width: header.getUint16(16),
    height: header.getUint16(18),
    tab: header.getUint32(20),
    inputWidth: header.getUint16(24),
    inputHeight: header.getUint16(26),
    jpeg: new Uint8Array(message, HEADER),
  };
  return frame.width && frame.height && frame.inputWidth && frame.inputHeight ? frame : undefined;
}
