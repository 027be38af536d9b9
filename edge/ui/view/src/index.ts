import { RookeryView } from "./element.ts";

export type { ViewEvents } from "./view.ts";
export { RookeryView };

if (!customElements.get("rookery-view")) customElements.define("rookery-view", RookeryView);

declare global {
  interface HTMLElementTagNameMap {
    "rookery-view": RookeryView;
  }
}
