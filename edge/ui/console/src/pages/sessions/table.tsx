import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Session } from "../../api/types";
import type { Filter, Sort } from "../../live/filter";
import { sessions as store } from "../../live/sessions";
import { COLUMNS, ROW } from "./columns";
import { ROW_HEIGHT, SessionRow } from "./row";

interface Props {
  sessions: Session[];
  filter: Filter;
  sort: (by: Sort) => void;
  current: number;
  focus: (id: string) => void;
  chosen: ReadonlySet<string>;
  choose: (id: string, range: boolean) => void;
  chooseAll: (all: boolean) => void;
  end: (session: Session) => void;
}

/** Rows that are not on the screen are not in the document. */
export function SessionTable(props: Props) {
  const { sessions, current } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => sessions[index]?.id ?? index,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const shown = items.flatMap((item) => sessions[item.index]?.id ?? []);
  const ids = shown.join(" ");
  useEffect(() => store.watch(ids.split(" ")), [ids]);
  const id = sessions[current]?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: moved when another row is picked, not when rows move.
  useEffect(() => {
    if (id === undefined) return;
    rows.scrollToIndex(current, { align: "auto" });
    // Once it is in the document.
    const frame = requestAnimationFrame(() =>
      scroller.current
        ?.querySelector<HTMLElement>(`[data-row="${current}"] a`)
        ?.focus({ preventScroll: true }),
    );
    return () => cancelAnimationFrame(frame);
  }, [id]);
  const all = sessions.length > 0 && sessions.every((session) => props.chosen.has(session.id));
  return (
    <div
      ref={scroller}
      className="scroll-quiet h-full overflow-y-auto"
      role="table"
      aria-label="Sessions"
      aria-rowcount={sessions.length + 1}
    >
      <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-surface">
        <div role="row" aria-rowindex={1} className={`${ROW} h-8 text-xs font-medium text-muted`}>
          <span role="columnheader" className="flex w-6 shrink-0 justify-center">
            <input
              type="checkbox"
              checked={all}
              onChange={() => props.chooseAll(!all)}
              aria-label="Select all that are shown"
              className="size-4 accent-accent"
            />
          </span>
          {COLUMNS.map((column) => (
            <Head key={column.sort} {...column} filter={props.filter} pick={props.sort} />
          ))}
          <span role="columnheader" className="w-8 shrink-0">
            <span className="sr-only">Actions</span>
          </span>
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const session = sessions[item.index];
          if (session === undefined) return null;
          return (
            <div
              key={item.key}
              role="presentation"
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <SessionRow
                session={session}
                index={item.index}
                current={item.index === current}
                chosen={props.chosen.has(session.id)}
                choose={props.choose}
                focus={props.focus}
                end={props.end}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface HeadProps {
  sort: Sort;
  name: string;
  look: string;
  filter: Filter;
  pick: (by: Sort) => void;
}

function Head({ sort, name, look, filter, pick }: HeadProps) {
  const sorted = (filter.sort ?? "age") === sort;
  const direction = filter.desc ? "descending" : "ascending";
  const Arrow = filter.desc ? ArrowDown : ArrowUp;
  return (
    <span role="columnheader" className={look} aria-sort={sorted ? direction : "none"}>
      <button
        type="button"
        className="inline-flex items-center gap-1 rounded hover:text-ink"
        onClick={() => pick(sort)}
      >
        {name}
        {sorted && <Arrow size={12} aria-hidden />}
      </button>
    </span>
  );
}

const WIDTHS = ["w-28", "w-40", "w-20", "w-36", "w-24", "w-32"];

/** As much room as the table takes, before there is one. */
export function TableSkeleton() {
  return (
    <div role="status" aria-label="Loading sessions">
      <div className="h-8 border-b border-line" />
      {Array.from({ length: 10 }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: these rows are all alike and never move.
        <div key={row} className={`${ROW} h-12 border-b border-line`}>
          <span className="w-6 shrink-0" />
          {COLUMNS.map((column, at) => (
            <span key={column.sort} className={column.look}>
              <span className={`skeleton block h-4 max-w-full ${WIDTHS[(row + at) % WIDTHS.length]}`} />
            </span>
          ))}
          <span className="w-8 shrink-0" />
        </div>
      ))}
    </div>
  );
}
