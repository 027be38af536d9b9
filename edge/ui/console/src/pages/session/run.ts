import { json, Problem, sessionPath } from "../../api/client";
import type { CommandResult } from "../../api/types";
import type { Command } from "./command";

export interface Outcome {
  text: string;
  command: Command | null;
  /** Absent while it runs. */
  result?: CommandResult;
  problem?: Problem;
  /** A picture that came with it. */
  picture?: Blob;
}

const TIMEOUT_MS = 30_000;
/** Beyond its own deadline the answer has this long to arrive. */
const GRACE_MS = 10_000;

export async function run(
  id: string,
  command: Command,
): Promise<Pick<Outcome, "result" | "problem" | "picture">> {
  const own = typeof command.timeout_ms === "number" ? command.timeout_ms : TIMEOUT_MS;
  try {
    const result = await json<CommandResult>("POST", sessionPath(id, "/commands"), {
      body: command,
      timeout_ms: own + GRACE_MS,
    });
    return { result, picture: pictureOf(result.result) };
  } catch (cause) {
    return { problem: Problem.of(cause) };
  }
}

function pictureOf(result: unknown): Blob | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  const { media_type, data } = result as { media_type?: unknown; data?: unknown };
  if (typeof media_type !== "string" || typeof data !== "string" || !media_type.startsWith("image/"))
    return undefined;
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: media_type });
}

/** Long strings in a result, such as pictures, are of no use to people. */
const LONGEST = 4_000;

/** A result for people: an outline or a text as it is, the rest as JSON. */
export function shown(result: unknown): string {
  if (typeof result === "object" && result !== null) {
    const { outline, content, value } = result as Record<string, unknown>;
    if (typeof outline === "string") return outline;
    if (typeof content === "string") return content;
    if (typeof value === "string") return value;
  }
  return JSON.stringify(
    result,
    (_, value) =>
      typeof value === "string" && value.length > LONGEST ? `… ${value.length} characters` : value,
    2,
  );
}
