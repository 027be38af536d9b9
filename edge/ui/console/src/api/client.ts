import type { ProblemDocument } from "./types";

/** What the server refused, or why it could not be asked. */
export class Problem extends Error {
  readonly document: ProblemDocument;

  constructor(document: ProblemDocument) {
    super(document.detail);
    this.document = document;
  }

  get code(): string {
    return this.document.code;
  }

  static of(cause: unknown): Problem {
    if (cause instanceof Problem) return cause;
    const late = cause instanceof DOMException && cause.name === "TimeoutError";
    const detail = late ? "the server did not answer in time" : "the server cannot be reached";
    return new Problem({
      title: late ? "Timed out" : "Unreachable",
      status: 0,
      code: late ? "timeout" : "unreachable",
      detail: cause instanceof SyntaxError ? "the answer cannot be read" : detail,
      retryable: true,
    });
  }
}

export interface Call {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  timeout_ms?: number;
}

const refused = new Set<() => void>();

/** Calls `listener` whenever the server wants a login. */
export function onRefused(listener: () => void): () => void {
  refused.add(listener);
  return () => refused.delete(listener);
}

/** One request. What is not a success is thrown as a [`Problem`]. */
export async function request(method: string, path: string, call: Call = {}): Promise<Response> {
  const deadline = AbortSignal.timeout(call.timeout_ms ?? 30_000);
  const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
  const headers = new Headers(call.headers);
  const raw = call.body instanceof Blob;
  if (call.body !== undefined && !raw) headers.set("Content-Type", "application/json");
  let response: Response;
  try {
    const body = raw || call.body === undefined ? (call.body as Blob | undefined) : JSON.stringify(call.body);
    response = await fetch(path, { method, headers, signal, body });
  } catch (cause) {
    if (call.signal?.aborted) throw cause;
    throw Problem.of(cause);
  }
  if (response.ok) return response;
  if (response.status === 401) for (const listener of refused) listener();
  throw await read(response);
}

async function read(response: Response): Promise<Problem> {
  const id = response.headers.get("x-request-id");
  try {
    const document = (await response.json()) as ProblemDocument;
    if (typeof document.detail === "string")
      return new Problem({ ...document, request_id: document.request_id ?? id });
  } catch {
    // A proxy in between speaks for itself.
  }
  return new Problem({
    title: response.statusText,
    status: response.status,
    code: String(response.status),
    detail: `the server answered ${response.status} ${response.statusText}`.trim(),
    retryable: response.status >= 500,
    request_id: id,
  });
}

/** One request with a JSON answer. */
export async function json<T>(method: string, path: string, call?: Call): Promise<T> {
  const response = await request(method, path, call);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw Problem.of(cause);
  }
}

/** The path of a session, and of what belongs to it. */
export function sessionPath(id: string, rest = ""): string {
  return `/v1/sessions/${encodeURIComponent(id)}${rest}`;
}
