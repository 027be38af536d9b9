import { json, Problem, request } from "./client";
import type { Whoami } from "./types";

/** Who the server takes this browser for. A server that has no logins lets everybody in. */
export async function whoami(): Promise<Whoami> {
  try {
    return await json<Whoami>("GET", "/whoami");
  } catch (cause) {
    const problem = Problem.of(cause);
    if (problem.document.status === 404) {
      return { tenant: "default", operator: true, login: "none", version: "" };
    }
    throw problem;
  }
}

/** Trades a token for a cookie that scripts cannot read. */
export async function login(token: string): Promise<void> {
  await request("POST", "/login", { body: { token } });
}

export async function logout(): Promise<void> {
  await request("POST", "/logout");
}

/** A token in the address is traded, and gone from the address and the history before anything else happens. */
export async function tradeToken(): Promise<void> {
  const url = new URL(location.href);
  const token = url.searchParams.get("token");
  if (token === null) return;
  url.searchParams.delete("token");
  history.replaceState(history.state, "", url);
  try {
    await login(token);
  } catch {
    // Without a cookie the login page is shown, which says what is wrong.
  }
}
