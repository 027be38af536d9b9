// From what stands in the form to the body of the request.

import { FIELDS, type Field } from "./fields";

/** What stands in the fields, by path: text, or whether a switch is on. */
export type Values = Readonly<Record<string, string | boolean>>;
/** What is wrong, by path. */
export type Errors = Readonly<Record<string, string>>;

export interface Reading {
  body: Record<string, unknown>;
  errors: Errors;
}

/** Only what differs from the defaults is in the body. */
export function read(values: Values): Reading {
  const body: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const field of FIELDS) {
    const given = values[field.path];
    if (given === undefined || given === false || given === "") continue;
    try {
      const value = given === true ? true : parse(field, given);
      if (value !== undefined) put(body, field.path.split("."), value);
    } catch (wrong) {
      errors[field.path] = wrong instanceof Error ? wrong.message : String(wrong);
    }
  }
  // A viewport has both sides.
  const { viewport } = body;
  if (typeof viewport === "object") body.viewport = { width: 1280, height: 720, ...viewport };
  return { body, errors };
}

function put(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    into[key] = value;
    return;
  }
  into[key] ??= {};
  put(into[key] as Record<string, unknown>, rest, value);
}

function parse(field: Field, text: string): unknown {
  switch (field.kind) {
    case "text":
      return text.trim() || undefined;
    case "password":
    case "choice":
      return text;
    case "number":
      return number(field, text);
    case "lines":
      return some(lines(text));
    case "pairs":
      return pairs(text);
    case "json":
      return object(text);
    case "scripts":
      return some(text.split(/^---[ \t]*$/m).filter((script) => script.trim() !== ""));
    case "switch":
      return true;
  }
}

function number({ min, max, fraction }: Field, text: string): number | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error("not a number");
  if (!fraction && !Number.isInteger(value)) throw new Error("a whole number, please");
  if (min !== undefined && value < min) throw new Error(`at least ${min.toLocaleString("en")}`);
  if (max !== undefined && value > max) throw new Error(`at most ${max.toLocaleString("en")}`);
  return value;
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function some(list: string[]): string[] | undefined {
  return list.length > 0 ? list : undefined;
}

function pairs(text: string): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const line of lines(text)) {
    const at = line.search(/[:=]/);
    if (at < 1) throw new Error(`“${line}” is not a name, a colon and a value`);
    found[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

function object(text: string): unknown {
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (wrong) {
    throw new Error(`not JSON: ${wrong instanceof Error ? wrong.message : wrong}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("an object, please");
  return value;
}
