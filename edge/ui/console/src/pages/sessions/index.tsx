import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import type { Session } from "../../api/types";
import { counts, type Sort, select } from "../../live/filter";
import { sessions as store, useSessions } from "../../live/sessions";
import type { SessionsSearch } from "../../router";
import { Confirm } from "../../ui/dialog";
import { plural, shortId } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { ProblemNote } from "../../ui/problem";
import { Chosen } from "./chosen";
import { endAll } from "./end";
import { NothingFound, NothingYet } from "./nothing";
import { SessionTable, TableSkeleton } from "./table";
import { Toolbar } from "./toolbar";
import { useChoice } from "./use-choice";

const Wall = lazy(() => import("./wall").then(({ Wall }) => ({ default: Wall })));
const Create = lazy(() => import("../../create").then(({ Create }) => ({ default: Create })));

const route = getRouteApi("/shell/sessions");

export function SessionsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/sessions" });
  const { sessions, status, problem, missing, more } = useSessions();
  const shown = useMemo(() => select(sessions, search), [sessions, search]);
  const counted = useMemo(() => counts(sessions), [sessions]);
  const choice = useChoice(shown);
  const [ending, setEnding] = useState<readonly string[]>([]);
  const [current, setCurrent] = useState<string | null>(null);

  const change = useCallback(
    (part: Partial<SessionsSearch>) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const sort = (by: Sort) =>
    change({ sort: by, desc: (search.sort ?? "age") === by && !search.desc ? true : undefined });
  const end = useCallback((session: Session) => setEnding([session.id]), []);
  const wall = search.view === "wall";

  const at = useMemo(() => shown.findIndex((session) => session.id === current), [shown, current]);
  const step = (by: number) =>
    setCurrent(shown[Math.max(0, Math.min(shown.length - 1, at + by))]?.id ?? null);
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    w: () => change({ view: wall ? undefined : "wall" }),
    x: () => {
      if (current !== null && at >= 0) choice.choose(current, false);
    },
    "/": () => document.getElementById("search")?.focus(),
  });

  return (
    <main className="flex h-full flex-col">
      <h1 className="sr-only">Sessions</h1>
      <Toolbar search={search} change={change} counted={counted} loading={status === "loading"} />
      {problem && (
        <div className="px-4 pb-2">
          <ProblemNote cause={problem} retry={store.retry} />
        </div>
      )}
      {missing.length > 0 && (
        <p className="px-4 pb-2 text-warn">
          Sessions of {missing.join(", ")} are not in this list: that region does not answer.
        </p>
      )}
      {more && (
        <p className="px-4 pb-2 text-warn">There are more sessions than are shown; these are the newest.</p>
      )}
      <div className="min-h-0 grow border-t border-line bg-surface">
        {status === "loading" && !problem ? (
          <TableSkeleton />
        ) : shown.length === 0 ? (
          sessions.length === 0 ? (
            <NothingYet create={() => change({ new: true })} />
          ) : (
            <NothingFound search={search} change={change} />
          )
        ) : wall ? (
          <Suspense fallback={<TableSkeleton />}>
            <Wall sessions={shown} />
          </Suspense>
        ) : (
          <SessionTable
            sessions={shown}
            filter={search}
            sort={sort}
            current={at}
            focus={setCurrent}
            chosen={choice.chosen}
            choose={choice.choose}
            chooseAll={choice.chooseAll}
            end={end}
          />
        )}
      </div>
      {choice.chosen.size > 0 && (
        <Chosen
          count={choice.chosen.size}
          live={choice.live.length}
          clear={choice.clear}
          end={() => setEnding(choice.live)}
        />
      )}
      <Confirm
        open={ending.length > 0}
        close={() => setEnding([])}
        title={ending.length === 1 ? "End this session?" : `End ${plural(ending.length, "session")}?`}
        about={<Ending ids={ending} sessions={sessions} />}
        action={ending.length === 1 ? "End session" : `End ${plural(ending.length, "session")}`}
        confirm={() => {
          void endAll(ending);
          choice.clear();
        }}
      />
      {search.new && (
        <Suspense fallback={null}>
          <Create close={() => change({ new: undefined })} />
        </Suspense>
      )}
    </main>
  );
}

function Ending({ ids, sessions }: { ids: readonly string[]; sessions: readonly Session[] }) {
  const only = ids.length === 1 ? sessions.find((session) => session.id === ids[0]) : undefined;
  return (
    <p>
      {only ? <strong className="text-ink">{only.name ?? shortId(only.id)}</strong> : null} The browser
      closes. What is in its pages and its downloads is lost.
    </p>
  );
}
