// `<rookery-view>`: one session, live.

import { type Address, fromUrl, keep } from "./address.ts";
import { isMac } from "./input/modifiers.ts";
import { View } from "./view.ts";

/** Attributes that name another session, or who watches: the view begins anew. */
const ADDRESS = ["src", "session", "edge", "name"];
const WISHES = ["tab", "max-fps", "quality", "controls", "readonly"];

export class RookeryView extends HTMLElement {
  static readonly observedAttributes = [...ADDRESS, ...WISHES];
  #view: View | undefined;
  #scheduled = false;
  /** An element that is upgraded hears of its attributes before it hears that it is connected. */
  #isThere = false;

  constructor() {
    super();
    this.attachShadow({ mode: "open", delegatesFocus: false });
  }

  connectedCallback(): void {
    this.#isThere = true;
    this.#start();
  }

  disconnectedCallback(): void {
    // An element that is only moved within the page is back before this runs.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#isThere = false;
      this.#stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.#isThere) return;
    if (!ADDRESS.includes(name)) {
      this.#view?.settings(this.#settings());
      return;
    }
    if (this.#scheduled) return;
    // Several attributes that change together are one change.
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#stop();
      if (this.isConnected) this.#start();
    });
  }

  /** Takes control for this viewer; fails while another person has it. */
  takeControl(): Promise<void> {
    return this.#running().takeControl();
  }

  /** Hands control back to the agent, with a note to it. */
  handBack(note?: string): Promise<void> {
    return this.#running().handBack(note);
  }

  async pause(): Promise<void> {
    await this.#running().client.control("pause");
  }

  async resume(): Promise<void> {
    await this.#running().client.control("resume");
  }

  /** Asks whoever drives to give control to this viewer. */
  async requestControl(): Promise<void> {
    const view = this.#running();
    await view.client.control("request", { holder: view.state.name });
  }

  /** Gives control to the one who asks for it. */
  async grant(): Promise<void> {
    const view = this.#running();
    const holder = view.state.control.requested_by;
    if (holder !== undefined) await view.client.control("give", { holder });
  }

  async decline(): Promise<void> {
    await this.#running().client.control("decline");
  }

  /** The picture that is to be seen, as PNG. */
  screenshot(): Promise<Blob> {
    const { canvas } = this.#running().stage;
    return new Promise((resolve, reject) => {
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error("there is no picture yet"))),
        "image/png",
      );
    });
  }

  #running(): View {
    if (!this.#view) throw new Error("this <rookery-view> shows no session");
    return this.#view;
  }

  #start(): void {
    if (this.#view) return;
    const address = this.#address();
    if (!address) return;
    this.#view = new View(
      this,
      address,
      this.getAttribute("name") || address.name || guest(),
      this.#settings(),
    );
  }

  #stop(): void {
    this.#view?.close();
    this.#view = undefined;
  }

  #settings() {
    const number = (name: string) => Number(this.getAttribute(name)) || undefined;
    const controls = this.getAttribute("controls");
    return {
      tab: number("tab"),
      maxFps: Math.min(number("max-fps") ?? 60, 60),
      quality: number("quality"),
      controls: controls === "bar" || controls === "none" ? controls : "full",
      readonly: this.hasAttribute("readonly"),
      mac: isMac(navigator.platform),
    } as const;
  }

  #address(): Address | undefined {
    const src = this.getAttribute("src");
    if (src) return fromUrl(new URL(src, location.href));
    const session = this.getAttribute("session");
    if (session)
      return {
        edge: new URL(this.getAttribute("edge") ?? "/", location.href).href.replace(/\/$/, ""),
        session,
      };
    // The edge's own page of one session.
    const here = new URL(location.href);
    const own = fromUrl(here);
    if (!own) return undefined;
    const { address, clean } = keep(own, here, sessionStorage);
    if (clean !== undefined) history.replaceState(history.state, "", clean);
    return address;
  }
}

/** Who watches without saying who they are, the same over reloads of this browser tab. */
function guest(): string {
  const key = "rookery:name";
  const made = () => `Guest ${Math.floor(Math.random() * 1e6).toString(36)}`;
  try {
    const kept = sessionStorage.getItem(key) ?? made();
    sessionStorage.setItem(key, kept);
    return kept;
  } catch {
    // Storage may be forbidden to an embedded page.
    return made();
  }
}
