// Every option of `POST /v1/sessions`, as a form asks for it. `fields.test.ts` holds the list against the API.

export type Kind =
  | "text"
  | "password"
  | "number"
  | "choice"
  | "switch"
  | "lines"
  | "pairs"
  | "json"
  | "scripts";

export interface Field {
  /** As in the body, with dots: errors of the server name it so. */
  path: string;
  name: string;
  kind: Kind;
  /** What holds if nothing is given; shown in the empty field, not sent. */
  fallback?: string;
  about?: string;
  choices?: readonly string[];
  min?: number;
  max?: number;
  /** Numbers need not be whole. */
  fraction?: boolean;
  wide?: boolean;
}

export interface Group {
  name: string;
  fields: readonly Field[];
}

export const GROUPS: readonly Group[] = [
  {
    name: "Basics",
    fields: [
      { path: "url", name: "Page to open", kind: "text", fallback: "about:blank", wide: true },
      { path: "name", name: "Name", kind: "text", about: "Shown in lists" },
      { path: "labels", name: "Labels", kind: "pairs", about: "One a line, as team: search" },
    ],
  },
  {
    name: "Page and device",
    fields: [
      { path: "viewport.width", name: "Width", kind: "number", fallback: "1280", min: 1, max: 8_192 },
      { path: "viewport.height", name: "Height", kind: "number", fallback: "720", min: 1, max: 8_192 },
      {
        path: "viewport.scale",
        name: "Device pixels per CSS pixel",
        kind: "number",
        fallback: "1",
        min: 0.1,
        max: 4,
        fraction: true,
      },
      {
        path: "color_scheme",
        name: "Colour scheme",
        kind: "choice",
        fallback: "the browser's",
        choices: ["light", "dark", "no-preference"],
      },
      { path: "viewport.mobile", name: "Mobile page layout", kind: "switch" },
      { path: "viewport.touch", name: "Touch events", kind: "switch" },
      { path: "locale", name: "Locale", kind: "text", fallback: "the browser's", about: "Such as de-DE" },
      {
        path: "timezone",
        name: "Time zone",
        kind: "text",
        fallback: "the browser's",
        about: "Such as Europe/Berlin",
      },
      { path: "user_agent", name: "User agent", kind: "text", fallback: "the browser's", wide: true },
      { path: "geolocation.latitude", name: "Latitude", kind: "number", min: -90, max: 90, fraction: true },
      {
        path: "geolocation.longitude",
        name: "Longitude",
        kind: "number",
        min: -180,
        max: 180,
        fraction: true,
      },
      {
        path: "geolocation.accuracy",
        name: "Accuracy of the place, metres",
        kind: "number",
        min: 0,
        fraction: true,
      },
      {
        path: "permissions",
        name: "Permissions",
        kind: "lines",
        about: "Granted to every origin, one a line: geolocation, clipboard-read, notifications …",
      },
    ],
  },
  {
    name: "Network",
    fields: [
      {
        path: "proxy.server",
        name: "Proxy",
        kind: "text",
        about: "http://, https:// or socks5://, with a port",
        wide: true,
      },
      { path: "proxy.username", name: "Proxy user", kind: "text" },
      { path: "proxy.password", name: "Proxy password", kind: "password" },
      {
        path: "proxy.bypass",
        name: "Hosts reached without the proxy",
        kind: "lines",
        about: "One a line: example.com, *.example.com, <local>",
      },
      {
        path: "headers",
        name: "Headers",
        kind: "pairs",
        about: "Sent with every request, one a line, as X-Team: search",
      },
      { path: "policy.allow", name: "Hosts allowed", kind: "lines", about: "One a line; none: all are" },
      {
        path: "policy.block",
        name: "Hosts blocked",
        kind: "lines",
        about: "One a line; wins over what is allowed",
      },
      { path: "http_credentials.username", name: "HTTP user", kind: "text" },
      { path: "http_credentials.password", name: "HTTP password", kind: "password" },
      {
        path: "http_credentials.origin",
        name: "Only for the origin",
        kind: "text",
        about: "Such as https://example.com",
      },
      { path: "ignore_https_errors", name: "Ignore errors of certificates", kind: "switch" },
    ],
  },
  {
    name: "State",
    fields: [
      {
        path: "profile.name",
        name: "Profile",
        kind: "text",
        about: "Cookies and local storage kept under this name",
      },
      { path: "profile.save", name: "Save the profile at the end", kind: "switch" },
      {
        path: "storage_state",
        name: "Storage state",
        kind: "json",
        about: "Playwright's JSON: cookies, and local storage by origin",
      },
      {
        path: "init_scripts",
        name: "Init scripts",
        kind: "scripts",
        about: "Run in every document before its own; a line --- begins another",
      },
    ],
  },
  {
    name: "Browser",
    fields: [
      {
        path: "browser",
        name: "Browser",
        kind: "choice",
        fallback: "headless-shell",
        choices: ["headless-shell", "chrome"],
      },
      {
        path: "isolation",
        name: "Isolation",
        kind: "choice",
        fallback: "process",
        choices: ["process", "context"],
      },
      {
        path: "args",
        name: "Switches",
        kind: "lines",
        about: "From a closed list, one a line, such as --disable-webgl",
      },
      { path: "recording", name: "Keep a film of the session", kind: "switch" },
    ],
  },
  {
    name: "Lifetime",
    fields: [
      {
        path: "idle_timeout_s",
        name: "Ends after so long idle, seconds",
        kind: "number",
        fallback: "300",
        min: 1,
        max: 86_400,
      },
      {
        path: "max_lifetime_s",
        name: "Longest life, seconds",
        kind: "number",
        fallback: "3600",
        min: 1,
        max: 604_800,
      },
      {
        path: "queue_timeout_s",
        name: "Waits for a slot, seconds",
        kind: "number",
        fallback: "60",
        min: 1,
        max: 3_600,
      },
      {
        path: "dialog_timeout_s",
        name: "Dismisses a dialog after, seconds",
        kind: "number",
        fallback: "5",
        min: 0,
        max: 600,
      },
      {
        path: "on_disconnect",
        name: "When its last client leaves",
        kind: "choice",
        fallback: "keep",
        choices: ["keep", "close"],
      },
      {
        path: "keep_alive_s",
        name: "Then lives on for, seconds",
        kind: "number",
        fallback: "60",
        min: 0,
        max: 3_600,
      },
      {
        path: "on_worker_loss",
        name: "When its worker is lost",
        kind: "choice",
        fallback: "recover",
        choices: ["recover", "fail"],
      },
      {
        path: "on_browser_crash",
        name: "When its browser crashes",
        kind: "choice",
        fallback: "recover",
        choices: ["recover", "end"],
      },
    ],
  },
  {
    name: "Placement",
    fields: [
      { path: "pool", name: "Pool", kind: "text", fallback: "default" },
      { path: "region", name: "Region", kind: "text", fallback: "this server's own" },
      {
        path: "priority",
        name: "Priority",
        kind: "choice",
        fallback: "normal",
        choices: ["high", "normal", "low"],
      },
    ],
  },
];

export const FIELDS: readonly Field[] = GROUPS.flatMap((group) => group.fields);

/** The field that an error of the server is about: `headers.X-Team` is about `headers`. */
export function fieldOf(path: string): Field | undefined {
  const exact = FIELDS.find((field) => field.path === path);
  if (exact) return exact;
  const within = FIELDS.find(
    (field) => path.startsWith(`${field.path}.`) || path.startsWith(`${field.path}[`),
  );
  return within ?? FIELDS.find((field) => field.path.startsWith(`${path}.`));
}
