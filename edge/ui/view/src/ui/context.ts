import type { Client } from "../client.ts";
import type { Box } from "../geometry.ts";
import type { Rect } from "../protocol.ts";
import type { State } from "../state.ts";

/** What the parts of the view may ask of the whole. */
export interface Context {
  readonly client: Client;
  readonly state: State;
  readonly readonly: boolean;
  /** Waits for something and tells of its failure. */
  run(work: Promise<unknown>): void;
  /** A word that stays for a moment. */
  toast(text: string, action?: { label: string; act(): void } | { label: string; href: string }): void;
  /** For screen readers alone. */
  announce(text: string): void;
  render(): void;
  /** Looks at one tab whichever is active, or follows the active one. */
  pin(tab: number | undefined): void;
  /** Gives the keyboard to the page. */
  focusPage(): void;
  /** A rectangle of the page, in CSS pixels of the stage. */
  onStage(rect: Rect): Box | undefined;
  takeControl(): Promise<void>;
  handBack(note?: string): Promise<void>;
  paste(text: string): void;
}

/** Whether this viewer may ask for control at all. */
export function mayDrive({ readonly, state }: Context): boolean {
  return !readonly && state.access !== "view";
}
