import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import {
  CircleQuestionMark,
  LogOut,
  Monitor,
  Moon,
  Plug,
  Server,
  SquareStack,
  Sun,
  UserRound,
} from "lucide-react";
import { useEffect, useState } from "react";
import { onRefused } from "../api/client";
import { logout } from "../api/login";
import { queries, whoamiQuery } from "../api/queries";
import { useSessions } from "../live/sessions";
import rook from "../rook.svg";
import { IconButton } from "../ui/button";
import { Sheet } from "../ui/dialog";
import { useKeys } from "../ui/keys";
import { Menu, MenuChoice, MenuItem } from "../ui/menu";
import { complain, Notices } from "../ui/notices";
import { setTheme, useTheme } from "../ui/theme";

const PLACES = [
  { to: "/sessions", name: "Sessions", Icon: SquareStack },
  { to: "/fleet", name: "Fleet", Icon: Server },
  { to: "/connect", name: "Connect", Icon: Plug },
] as const;

export function Shell() {
  const navigate = useNavigate();
  const router = useRouter();
  const [help, setHelp] = useState(false);
  useKeys({ "?": () => setHelp(true), n: () => void navigate({ to: "/sessions", search: { new: true } }) });
  useEffect(
    () =>
      onRefused(() => {
        queries.removeQueries({ queryKey: whoamiQuery.queryKey });
        void router.invalidate();
      }),
    [router],
  );
  return (
    <div className="flex h-full flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-4 focus:py-2"
      >
        To the content
      </a>
      <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface px-4 max-sm:px-2">
        <Link to="/sessions" className="mr-2 flex items-center gap-2 font-semibold max-sm:mr-0">
          <img src={rook} alt="" width={24} height={24} className="shrink-0" />
          <span className="max-sm:sr-only">Rookery</span>
        </Link>
        <nav aria-label="Pages" className="flex gap-1">
          {PLACES.map(({ to, name, Icon }) => (
            <Link
              key={to}
              to={to}
              className="flex h-8 items-center gap-2 rounded-md px-3 font-medium text-muted hover:bg-hover hover:text-ink max-sm:px-2 pointer-coarse:h-10"
              activeProps={{ className: "!bg-accent-soft !text-accent" }}
            >
              <Icon size={16} aria-hidden className="max-sm:hidden" />
              {name}
            </Link>
          ))}
        </nav>
        <div className="grow" />
        <Connection />
        <IconButton label="Keyboard shortcuts" onClick={() => setHelp(true)} className="max-sm:hidden">
          <CircleQuestionMark size={16} aria-hidden />
        </IconButton>
        <ThemeMenu />
        <Account />
      </header>
      <div id="content" className="min-h-0 grow">
        <Outlet />
      </div>
      <Notices />
      <Help open={help} close={() => setHelp(false)} />
    </div>
  );
}

/** Whether what is shown is what is. */
function Connection() {
  const { status } = useSessions();
  const names = { loading: "Connecting", live: "Live", down: "Reconnecting" };
  const dots = { loading: "bg-strong-line", live: "bg-good", down: "bg-warn" };
  return (
    <span role="status" className="flex w-28 items-center justify-end gap-2 px-2 text-muted max-sm:w-auto">
      <span className={`size-2 rounded-full ${dots[status]}`} aria-hidden />
      <span className="max-sm:sr-only">{names[status]}</span>
    </span>
  );
}

function ThemeMenu() {
  const theme = useTheme();
  const Icon = { system: Monitor, light: Sun, dark: Moon }[theme];
  const choices = [
    ["system", "As the system"],
    ["light", "Light"],
    ["dark", "Dark"],
  ] as const;
  return (
    <Menu
      trigger={
        <IconButton label="Appearance">
          <Icon size={16} aria-hidden />
        </IconButton>
      }
    >
      <MenuChoice value={theme} choices={choices} pick={setTheme} />
    </Menu>
  );
}

function Account() {
  const { data } = useQuery(whoamiQuery);
  const router = useRouter();
  if (data === undefined || data.login === "none") return null;
  const leave = async () => {
    try {
      await logout();
      queries.clear();
      await router.navigate({ to: "/login" });
    } catch (cause) {
      complain("Not logged out", cause);
    }
  };
  return (
    <Menu
      trigger={
        <IconButton label={`Logged in as ${data.tenant}`}>
          <UserRound size={16} aria-hidden />
        </IconButton>
      }
    >
      <p className="px-2 py-1 text-muted">
        {data.tenant}
        {data.operator ? ", operator" : ""}
      </p>
      <MenuItem pick={() => void leave()}>
        <LogOut size={16} aria-hidden /> Log out
      </MenuItem>
    </Menu>
  );
}

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "Search sessions"],
  ["n", "New session"],
  ["j  k", "Next and previous row"],
  ["Enter", "Open the session of the row"],
  ["x", "Select the row"],
  ["w", "Table or wall"],
  ["c", "To the command box of a session"],
  ["?", "This list"],
];

function Help({ open, close }: { open: boolean; close: () => void }) {
  const { data } = useQuery(whoamiQuery);
  return (
    <Sheet open={open} close={close} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[6rem_1fr] gap-x-4 gap-y-2 px-6 py-4">
        {KEYS.map(([key, meaning]) => (
          <div key={key} className="contents">
            <dt className="flex gap-1">
              {key.split("  ").map((part) => (
                <kbd
                  key={part}
                  className="rounded border border-line bg-ground px-2 font-mono text-xs leading-5"
                >
                  {part}
                </kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="border-t border-line px-6 py-3 text-muted">
        {data?.version ? `Rookery ${data.version} · ` : ""}
        <a href="/docs" className="text-accent underline">
          API
        </a>
      </p>
    </Sheet>
  );
}
