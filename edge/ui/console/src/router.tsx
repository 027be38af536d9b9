import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { Problem } from "./api/client";
import { queries, whoamiQuery } from "./api/queries";
import { MODES, STATES } from "./api/types";
import { type Filter, SORTS } from "./live/filter";
import { Broken, Missing } from "./pages/broken";
import { Shell } from "./pages/shell";

export interface SessionsSearch extends Filter {
  view?: "wall";
  /** The form to create a session is open. */
  new?: true;
}

function one<T extends string>(value: unknown, of: readonly T[]): T | undefined {
  return of.find((known) => known === value);
}

/** Whatever stands in the address; what makes no sense is left out. */
export function sessionsSearch(search: Record<string, unknown>): SessionsSearch {
  const found: SessionsSearch = {
    // The router reads `q=42` as a number.
    q: search.q === undefined || search.q === "" ? undefined : String(search.q),
    state: one(search.state, [...STATES, "all" as const]),
    control: one(search.control, MODES),
    sort: one(search.sort, SORTS),
    desc: search.desc === true ? true : undefined,
    view: one(search.view, ["wall"] as const),
    new: search.new === true ? true : undefined,
  };
  return found;
}

const PAGES = {
  login: () => import("./pages/login"),
  sessions: () => import("./pages/sessions"),
  session: () => import("./pages/session"),
  fleet: () => import("./pages/fleet"),
  connect: () => import("./pages/connect"),
};

/** Once there is time: a page then opens at once, and also while the server is away. */
export function loadPages(): void {
  const all = [...Object.values(PAGES), () => import("./create"), () => import("./pages/sessions/wall")];
  // What does not load now is loaded when it is wanted.
  for (const page of all) page().catch(() => undefined);
}

const root = createRootRoute({ notFoundComponent: Missing, errorComponent: Broken });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search): { next?: string } => ({
    // Only ever to a place of this server.
    next: typeof search.next === "string" && /^\/(?![/\\])/.test(search.next) ? search.next : undefined,
  }),
  component: lazyRouteComponent(PAGES.login, "LoginPage"),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ location }) => {
    try {
      await queries.ensureQueryData(whoamiQuery);
    } catch (cause) {
      if (Problem.of(cause).document.status !== 401) throw cause;
      throw redirect({ to: "/login", search: { next: location.href } });
    }
  },
  component: Shell,
  errorComponent: Broken,
});

const home = createRoute({
  getParentRoute: () => shell,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/sessions", replace: true });
  },
});

const list = createRoute({
  getParentRoute: () => shell,
  path: "/sessions",
  validateSearch: sessionsSearch,
  component: lazyRouteComponent(PAGES.sessions, "SessionsPage"),
});

const PANELS = ["timeline", "console", "network", "pictures", "files", "details"] as const;
export type Panel = (typeof PANELS)[number];

const session = createRoute({
  getParentRoute: () => shell,
  path: "/sessions/$id",
  validateSearch: (search): { panel?: Panel } => ({ panel: one(search.panel, PANELS) }),
  component: lazyRouteComponent(PAGES.session, "SessionPage"),
});

const fleet = createRoute({
  getParentRoute: () => shell,
  path: "/fleet",
  component: lazyRouteComponent(PAGES.fleet, "FleetPage"),
});

const connect = createRoute({
  getParentRoute: () => shell,
  path: "/connect",
  component: lazyRouteComponent(PAGES.connect, "ConnectPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([login, shell.addChildren([home, list, session, fleet, connect])]),
  defaultErrorComponent: Broken,
  defaultPreload: "intent",
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
