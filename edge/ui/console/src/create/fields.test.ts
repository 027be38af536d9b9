import { expect, test } from "vitest";
import openapi from "../../../../../docs/openapi.json";
import { FIELDS, fieldOf } from "./fields";

interface Schema {
  $ref?: string;
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  enum?: string[];
  default?: unknown;
}

const schemas = openapi.components.schemas as unknown as Record<string, Schema>;

function resolved(schema: Schema): Schema {
  const ref = schema.$ref ?? schema.oneOf?.find((one) => one.$ref)?.$ref;
  return ref ? (schemas[ref.split("/").at(-1) ?? ""] ?? {}) : schema;
}

/** The paths of all options; what a form takes as a whole is not looked into. */
function options(): string[] {
  return Object.entries(schemas.CreateSession?.properties ?? {}).flatMap(([name, schema]) => {
    const inner = resolved(schema).properties;
    if (inner === undefined || name === "storage_state") return [name];
    return Object.keys(inner).map((part) => `${name}.${part}`);
  });
}

test("the form has every option of the API, and no other", () => {
  expect(options().length).toBeGreaterThan(40);
  expect(FIELDS.map((field) => field.path).sort()).toEqual(options().sort());
});

test("choices and defaults are those of the API", () => {
  const properties = schemas.CreateSession?.properties ?? {};
  let compared = 0;
  for (const { path, choices, fallback, kind } of FIELDS) {
    const schema = properties[path];
    if (schema === undefined) continue;
    if (choices) expect([...choices].sort(), path).toEqual([...(resolved(schema).enum ?? [])].sort());
    const given = schema.default;
    if (typeof given === "number" || (typeof given === "string" && kind === "choice")) {
      expect(fallback, path).toBe(String(given));
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(8);
});

test("an error finds its field", () => {
  expect(fieldOf("viewport.width")?.path).toBe("viewport.width");
  expect(fieldOf("headers.X-Team")?.path).toBe("headers");
  expect(fieldOf("init_scripts[1]")?.path).toBe("init_scripts");
  expect(fieldOf("proxy")?.path).toBe("proxy.server");
  expect(fieldOf("nothing")).toBeUndefined();
});
