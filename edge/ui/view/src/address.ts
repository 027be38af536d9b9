// Which session is meant, at which edge, and what opens it.

export interface Address {
  /** Origin, and the path of the edge where it is not the root. */
  edge: string;
  session: string;
  link?: string;
  token?: string;
  /** How this viewer is to be shown to others. */
  name?: string;
}

/** Characters that the edge takes. */
const LONGEST_NAME = 100;
const VIEW = /^(.*)\/view\/([^/]+)\/?$/;

/** From the URL of a view, `https://edge/view/{id}?link=…`. */
export function fromUrl(url: URL): Address | undefined {
  const found = VIEW.exec(url.pathname);
  if (!found?.[2]) return undefined;
  const address: Address = { edge: url.origin + found[1], session: decodeURIComponent(found[2]) };
  const [link, token, name] = ["link", "token", "name"].map((part) => url.searchParams.get(part));
  if (link) address.link = link;
  if (token) address.token = token;
  if (name) address.name = name.slice(0, LONGEST_NAME);
  return address;
}

interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * What opens the session leaves the address bar, where others could read it over a shoulder or in a history, and is kept
 * for a reload of this browser tab. `clean` is the URL without it.
 */
export function keep(
  address: Address,
  url: URL,
  store: Keep,
): { address: Address; clean: string | undefined } {
  const key = `rookery:${address.session}`;
  const given = address.link ?? address.token;
  if (given === undefined) {
    const kept = parse(store.getItem(key));
    return { address: { ...address, ...kept }, clean: undefined };
  }
  store.setItem(key, JSON.stringify(address.link ? { link: address.link } : { token: address.token }));
  const clean = new URL(url);
  clean.searchParams.delete("link");
  clean.searchParams.delete("token");
  return { address, clean: clean.pathname + clean.search + clean.hash };
}

function parse(kept: string | null): Pick<Address, "link" | "token"> {
  if (!kept) return {};
  try {
    const { link, token } = JSON.parse(kept) as Record<string, unknown>;
    if (typeof link === "string") return { link };
    return typeof token === "string" ? { token } : {};
  } catch {
    return {};
  }
}

function path(address: Address): string {
  return `/v1/sessions/${encodeURIComponent(address.session)}`;
}

/** Adds what opens the session. */
function opened(url: URL, address: Address): string {
  if (address.link) url.searchParams.set("link", address.link);
  if (address.token) url.searchParams.set("token", address.token);
  return url.href;
}

export function httpUrl(address: Address, rest = ""): string {
  return opened(new URL(address.edge + path(address) + rest), address);
}

/** What a new socket says of the one before it. */
export interface Before {
  /** The last event that was seen. */
  after?: string | undefined;
  name?: string | undefined;
  /** The word by which it takes over the control that the one before held. */
  resume?: string | undefined;
}

export function socketUrl(address: Address, { after, name, resume }: Before): string {
  const url = new URL(`${address.edge.replace(/^http/, "ws")}${path(address)}/ws`);
  if (after !== undefined) url.searchParams.set("after", after);
  if (name !== undefined) url.searchParams.set("name", name);
  if (resume !== undefined) url.searchParams.set("resume", resume);
  return opened(url, address);
}
