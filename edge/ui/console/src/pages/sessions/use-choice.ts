import { useCallback, useMemo, useRef, useState } from "react";
import type { Session } from "../../api/types";

export interface Choice {
  chosen: ReadonlySet<string>;
  /** Those of the chosen that can be ended. */
  live: string[];
  choose: (id: string, range: boolean) => void;
  chooseAll: (all: boolean) => void;
  clear: () => void;
}

/** Which rows are chosen. What is not shown is not chosen: nothing unseen is ended. */
export function useChoice(shown: readonly Session[]): Choice {
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  const rows = useRef(shown);
  rows.current = shown;

  const choose = useCallback((id: string, range: boolean) => {
    const ids = rows.current.map((session) => session.id);
    const from = range && last.current !== null ? ids.indexOf(last.current) : -1;
    const to = ids.indexOf(id);
    last.current = id;
    setPicked((before) => {
      const after = new Set(before);
      if (from < 0 || to < 0) {
        if (!after.delete(id)) after.add(id);
      } else {
        for (const between of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) after.add(between);
      }
      return after;
    });
  }, []);
  const chooseAll = useCallback((all: boolean) => {
    setPicked(new Set(all ? rows.current.map((session) => session.id) : []));
  }, []);
  const clear = useCallback(() => setPicked(new Set()), []);

  return useMemo(() => {
    const both = shown.filter((session) => picked.has(session.id));
    const live = both.filter((session) => session.state !== "ended").map((session) => session.id);
    return { chosen: new Set(both.map((session) => session.id)), live, choose, chooseAll, clear };
  }, [shown, picked, choose, chooseAll, clear]);
}
