/** Keys that the viewer's own browser or system would keep for itself. */

const CONTROL: Key = [0xffe3, "ControlLeft"];
const ALT: Key = [0xffe9, "AltLeft"];
const SHIFT: Key = [0xffe1, "ShiftLeft"];

/** A keysym of X11 and the code of `KeyboardEvent`. */
export type Key = [keysym: number, code: string];

/** What is pressed together, by the name it is shown under. */
export const CHORDS: Record<string, Key[]> = {
  Esc: [[0xff1b, "Escape"]],
  Tab: [[0xff09, "Tab"]],
  "Shift+Tab": [SHIFT, [0xff09, "Tab"]],
  F5: [[0xffc2, "F5"]],
  F11: [[0xffc8, "F11"]],
  F12: [[0xffc9, "F12"]],
  "Ctrl+A": [CONTROL, [0x61, "KeyA"]],
  "Ctrl+C": [CONTROL, [0x63, "KeyC"]],
  "Ctrl+V": [CONTROL, [0x76, "KeyV"]],
  "Ctrl+F": [CONTROL, [0x66, "KeyF"]],
  "Ctrl+W": [CONTROL, [0x77, "KeyW"]],
  "Ctrl+Tab": [CONTROL, [0xff09, "Tab"]],
  "Alt+Left": [ALT, [0xff51, "ArrowLeft"]],
  "Alt+F4": [ALT, [0xffc1, "F4"]],
  "Ctrl+Alt+Del": [CONTROL, ALT, [0xffff, "Delete"]],
};

/** The keysym of a character. */
export function keysymOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (character === "\n") return 0xff0d;
  return point >= 0x20 && point <= 0xff ? point : 0x01000000 | point;
}
