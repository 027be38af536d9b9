import { LayoutGrid, Plus, Rows3, Search } from "lucide-react";
import { useEffect, useState } from "react";
import { type ControlMode, STATES } from "../../api/types";
import type { counts, Filter } from "../../live/filter";
import type { SessionsSearch } from "../../router";
import { Button, IconButton } from "../../ui/button";
import { STATE_NAMES } from "../../ui/state";

interface Props {
  search: SessionsSearch;
  change: (part: Partial<SessionsSearch>) => void;
  counted: ReturnType<typeof counts>;
  loading: boolean;
}

const SELECT = "h-8 rounded-md border border-line bg-surface px-2 pointer-coarse:h-10";

export function Toolbar({ search, change, counted, loading }: Props) {
  const wall = search.view === "wall";
  const state = search.state ?? "live";
  const number = (of: keyof typeof counted) => (loading ? "" : ` (${counted[of].toLocaleString("en")})`);
  return (
    <search className="flex flex-wrap items-center gap-2 px-4 py-2 max-sm:px-2">
      <SearchField q={search.q} change={change} />
      <select
        aria-label="State"
        className={`${SELECT} w-40 max-sm:w-32`}
        value={state}
        onChange={({ target }) =>
          change({ state: target.value === "live" ? undefined : (target.value as Filter["state"]) })
        }
      >
        <option value="live">Live{number("live")}</option>
        {STATES.map((one) => (
          <option key={one} value={one}>
            {STATE_NAMES[one]}
            {number(one)}
          </option>
        ))}
        <option value="all">All{number("all")}</option>
      </select>
      <select
        aria-label="Control"
        className={`${SELECT} w-36 max-sm:hidden`}
        value={search.control ?? ""}
        onChange={({ target }) => change({ control: (target.value || undefined) as ControlMode | undefined })}
      >
        <option value="">Any control</option>
        <option value="ai_control">Agent</option>
        <option value="user_control">A person</option>
        <option value="paused">Paused</option>
      </select>
      <div className="grow" />
      <fieldset className="flex rounded-md border border-line">
        <legend className="sr-only">View</legend>
        <IconButton
          label="Table"
          aria-pressed={!wall}
          className={wall ? "!h-[30px]" : "!h-[30px] !bg-accent-soft !text-accent"}
          onClick={() => change({ view: undefined })}
        >
          <Rows3 size={16} aria-hidden />
        </IconButton>
        <IconButton
          label="Wall of live pictures"
          aria-pressed={wall}
          className={wall ? "!h-[30px] !bg-accent-soft !text-accent" : "!h-[30px]"}
          onClick={() => change({ view: "wall" })}
        >
          <LayoutGrid size={16} aria-hidden />
        </IconButton>
      </fieldset>
      <Button kind="primary" onClick={() => change({ new: true })}>
        <Plus size={16} aria-hidden />
        <span className="max-sm:sr-only">New session</span>
      </Button>
    </search>
  );
}

/** What is typed shows at once; the list follows when there is time. */
function SearchField({ q, change }: { q: string | undefined; change: Props["change"] }) {
  const [typed, setTyped] = useState(q ?? "");
  useEffect(() => setTyped(q ?? ""), [q]);
  useEffect(() => {
    if (typed === (q ?? "")) return;
    const timer = setTimeout(() => change({ q: typed || undefined }), 120);
    return () => clearTimeout(timer);
  }, [typed, q, change]);
  return (
    <label className="relative w-72 max-sm:w-auto max-sm:grow max-sm:basis-full">
      <Search
        size={16}
        className="pointer-events-none absolute top-2 left-2.5 text-muted pointer-coarse:top-3"
        aria-hidden
      />
      <span className="sr-only">Search</span>
      <input
        id="search"
        type="search"
        value={typed}
        placeholder="Name, label, id, page   /"
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={({ key, currentTarget }) => {
          if (key === "Escape" || key === "Enter") currentTarget.blur();
        }}
        className="h-8 w-full rounded-md border border-line bg-surface pr-2 pl-8 pointer-coarse:h-10"
      />
    </label>
  );
}
