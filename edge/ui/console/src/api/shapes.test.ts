// What the console believes about the API, held against its description.
import { expect, test } from "vitest";
import openapi from "../../../../../docs/openapi.json";
import { ACTIONS } from "../pages/session/command";
import {
  type Control,
  type FileInfo,
  MODES,
  type PoolQueue,
  type Queue,
  type Session,
  STATES,
  type Tab,
  type Worker,
} from "./types";

const schemas = openapi.components.schemas as unknown as Record<
  string,
  { properties?: Record<string, unknown>; enum?: string[]; oneOf?: unknown[] }
>;

// Each of these has every key of its type, or it does not compile.
const SHAPES: Record<string, Record<string, true>> = {
  Session: {
    id: true,
    name: true,
    labels: true,
    state: true,
    end_reason: true,
    end_detail: true,
    control: true,
    tenant: true,
    region: true,
    pool: true,
    worker: true,
    epoch: true,
    browser: true,
    isolation: true,
    viewport: true,
    page: true,
    tabs: true,
    created_at: true,
    ready_at: true,
    ended_at: true,
    expires_at: true,
    queue: true,
    urls: true,
    timings: true,
  } satisfies Record<keyof Session, true>,
  Tab: { n: true, url: true, title: true, active: true, context: true } satisfies Record<keyof Tab, true>,
  Control: {
    mode: true,
    epoch: true,
    holder: true,
    note: true,
    requested_by: true,
    handoff: true,
  } satisfies Record<keyof Control, true>,
  Worker: {
    id: true,
    region: true,
    pools: true,
    version: true,
    host: true,
    pid: true,
    slots: true,
    busy: true,
    warm: true,
    pressure: true,
    draining: true,
    frozen: true,
    browsers: true,
    simulated: true,
    started_at: true,
    seen_at: true,
  } satisfies Record<keyof Worker, true>,
  Queue: {
    region: true,
    pool: true,
    tenant: true,
    class: true,
    waiting: true,
    oldest_wait_ms: true,
  } satisfies Record<keyof Queue, true>,
  PoolQueue: { region: true, pool: true, waiting: true, oldest_wait_ms: true } satisfies Record<
    keyof PoolQueue,
    true
  >,
  FileInfo: { name: true, size: true, state: true, url: true } satisfies Record<keyof FileInfo, true>,
};

test.each(Object.entries(SHAPES))("%s has the fields that are read", (name, shape) => {
  expect(Object.keys(schemas[name]?.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(shape)));
});

test("the states and modes are those of the API", () => {
  expect([...STATES].sort()).toEqual([...(schemas.State?.enum ?? [])].sort());
  expect([...MODES].sort()).toEqual([...(schemas.ControlMode?.enum ?? [])].sort());
});

test("every action can be completed in the command box, and no other", () => {
  const actions = JSON.stringify(schemas.Command?.oneOf).matchAll(
    /"action":\{"type":"string","enum":\["(\w+)"\]/g,
  );
  const known = [...actions].map(([, action]) => action);
  expect(known.length).toBeGreaterThan(30);
  expect(ACTIONS.map((action) => action.name).sort()).toEqual(known.sort());
});
