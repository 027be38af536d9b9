import type { Sort } from "../../live/filter";

export interface Column {
  sort: Sort;
  name: string;
  /** Width, and from which width of the window on it is shown. */
  look: string;
}

/** Widths are fixed, so that a change of a value moves nothing. */
export const COLUMNS: readonly Column[] = [
  { sort: "state", name: "State", look: "w-36 shrink-0 max-sm:w-24" },
  { sort: "name", name: "Session", look: "w-64 min-w-0 shrink max-sm:w-auto max-sm:grow" },
  { sort: "page", name: "Page", look: "min-w-0 grow basis-64 max-sm:hidden" },
  { sort: "control", name: "Control", look: "w-44 shrink-0 max-lg:hidden" },
  { sort: "worker", name: "Worker", look: "w-36 shrink-0 max-lg:hidden" },
  { sort: "age", name: "Age", look: "w-24 shrink-0 max-sm:w-16" },
];

export const ROW = "flex items-center gap-4 px-4 max-sm:gap-2 max-sm:px-2";
