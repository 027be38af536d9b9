/** `/vnc/{id}`: a session by VNC in a browser, drawn by noVNC. */

import RFB from "@novnc/novnc";
import { CHORDS, keysymOf } from "./keys.ts";

/** Waits between attempts to come back, in milliseconds. */
const BACKOFF = [250, 500, 1_000, 2_000, 5_000];

type State = "connecting" | "connected" | "waiting" | "ended" | "failed";

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

const dot = element("dot");
const title = element("title");
const status = element("status");
const screen = element("screen");
const viewOnly = element<HTMLButtonElement>("view-only");
const scale = element<HTMLSelectElement>("scale");
const keys = element<HTMLSelectElement>("keys");
const keyboard = element<HTMLButtonElement>("keyboard");
const typed = element<HTMLTextAreaElement>("typed");
const clipboard = element<HTMLButtonElement>("clipboard");
const clip = element("clip");
const text = element<HTMLTextAreaElement>("text");
const full = element<HTMLButtonElement>("full");
const reconnect = element<HTMLButtonElement>("reconnect");

const id = location.pathname.split("/").filter(Boolean)[1] ?? "";
const session = `/v1/sessions/${encodeURIComponent(id)}`;
/** Who may: passed on as it came. */
const pass = new URLSearchParams();
for (const name of ["token", "link", "name", "view_only"]) {
  const value = new URLSearchParams(location.search).get(name);
  if (value !== null) pass.set(name, value);
}

let rfb: RFB | undefined;
let attempts = 0;
let timer: number | undefined;

function show(state: State, words: string) {
  dot.dataset.state = state;
  status.textContent = words;
  reconnect.hidden = state !== "failed" && state !== "waiting";
}

function connect() {
  window.clearTimeout(timer);
  screen.replaceChildren();
  show("connecting", "Connecting …");
  const url = new URL(`${session}/vnc?${pass}`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const viewer = new RFB(screen, url.href, { shared: true, wsProtocols: ["binary"] });
  rfb = viewer;
  viewer.background = "transparent";
  viewer.qualityLevel = 8;
  viewer.showDotCursor = true;
  viewer.viewOnly = isPressed(viewOnly);
  applyScale();
  viewer.addEventListener("connect", () => {
    attempts = 0;
    viewer.focus();
  });
  viewer.addEventListener("desktopname", (event) =>
    named((event as CustomEvent<{ name: string }>).detail.name),
  );
  viewer.addEventListener("bell", () => {
    screen.animate([{ opacity: 0.6 }, { opacity: 1 }], { duration: 200 });
  });
  viewer.addEventListener("disconnect", () => {
    if (rfb === viewer) void left();
  });
}

/** The name of the screen says who drives. */
function named(name: string) {
  const [what, who] = name.split(/ – (?=[^–]*$)/);
  title.textContent = what ?? name;
  document.title = `${what ?? name} · VNC`;
  show("connected", who ?? "Connected");
}

/** Where the session is gone there is nothing to come back to. */
async function left() {
  rfb = undefined;
  show("waiting", "Connection lost");
  try {
    const access = new URLSearchParams([...pass].filter(([name]) => name === "token" || name === "link"));
    const answer = await fetch(`${session}?${access}`);
    const body: { state?: string; end_reason?: string; detail?: string } = await answer.json();
    if (body.state === "ended")
      return show("ended", `The session has ended: ${body.end_reason ?? "unknown"}`);
    if ([401, 403, 404, 410].includes(answer.status)) return show("failed", body.detail ?? "Not allowed");
  } catch {
    // Nobody answers: it may be back in a moment.
  }
  const wait = BACKOFF[Math.min(attempts, BACKOFF.length - 1)] ?? 1_000;
  attempts += 1;
  show("waiting", "Connection lost, coming back …");
  timer = window.setTimeout(connect, wait);
}

function applyScale() {
  if (!rfb) return;
  rfb.scaleViewport = scale.value === "fit";
  rfb.resizeSession = scale.value === "resize";
  rfb.clipViewport = scale.value === "real";
}

function isPressed(button: HTMLButtonElement): boolean {
  return button.getAttribute("aria-pressed") === "true";
}

function press(button: HTMLButtonElement, pressed: boolean) {
  button.setAttribute("aria-pressed", String(pressed));
}

/** Shows or hides what a button opens. */
function toggle(button: HTMLButtonElement, what: HTMLElement, field: HTMLElement) {
  what.hidden = !what.hidden;
  button.setAttribute("aria-expanded", String(!what.hidden));
  if (what.hidden) rfb?.focus();
  else field.focus();
}

/** What was copied elsewhere, where the browser lets us know. */
async function offer() {
  if (!document.hasFocus() || !navigator.clipboard?.readText) return;
  const state = await navigator.permissions
    .query({ name: "clipboard-read" as PermissionName })
    .catch(() => undefined);
  if (state?.state !== "granted") return;
  const copy = await navigator.clipboard.readText().catch(() => "");
  if (copy && copy !== text.value) {
    text.value = copy;
    rfb?.clipboardPasteFrom(copy);
  }
}

for (const name of Object.keys(CHORDS)) keys.add(new Option(name, name));
keys.addEventListener("change", () => {
  const chord = CHORDS[keys.value] ?? [];
  keys.value = "";
  for (const [keysym, code] of chord) rfb?.sendKey(keysym, code, true);
  for (const [keysym, code] of chord.toReversed()) rfb?.sendKey(keysym, code, false);
  rfb?.focus();
});

viewOnly.addEventListener("click", () => {
  press(viewOnly, !isPressed(viewOnly));
  if (rfb) rfb.viewOnly = isPressed(viewOnly);
});
scale.addEventListener("change", applyScale);
clipboard.addEventListener("click", () => toggle(clipboard, clip, text));
text.addEventListener("input", () => rfb?.clipboardPasteFrom(text.value));
keyboard.addEventListener("click", () => toggle(keyboard, typed, typed));
typed.addEventListener("input", (event) => {
  const { inputType, isComposing } = event as InputEvent;
  if (isComposing) return;
  if (inputType === "deleteContentBackward") rfb?.sendKey(0xff08, "Backspace");
  for (const character of typed.value) rfb?.sendKey(keysymOf(character), null);
  typed.value = "";
});
typed.addEventListener("compositionend", () => typed.dispatchEvent(new InputEvent("input")));
full.addEventListener("click", () => {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen();
});
document.addEventListener("fullscreenchange", () => press(full, document.fullscreenElement !== null));
reconnect.addEventListener("click", () => {
  attempts = 0;
  connect();
});
window.addEventListener("focus", () => void offer());

press(viewOnly, pass.get("view_only") === "true");
connect();
