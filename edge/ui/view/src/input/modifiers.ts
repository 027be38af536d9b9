import type { Modifier } from "../protocol.ts";

export interface Held {
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  getModifierState?(key: string): boolean;
}

export function isMac(platform: string): boolean {
  return /mac|iphone|ipad/i.test(platform);
}

/** The modifiers as the page shall see them: its browser runs on Linux, where Control does what Command does on a Mac. */
export function modifiers(event: Held, mac: boolean): Modifier[] {
  const held: Modifier[] = [];
  // AltGr is reported as Control and Alt by Windows: it chooses a character and is no shortcut.
  const graph = event.getModifierState?.("AltGraph") === true;
  if (event.altKey && !graph) held.push("Alt");
  if ((event.ctrlKey && !graph) || (mac && event.metaKey)) held.push("Control");
  if (event.metaKey && !mac) held.push("Meta");
  if (event.shiftKey) held.push("Shift");
  return held;
}
