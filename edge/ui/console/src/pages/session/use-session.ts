import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { sessionPath } from "../../api/client";
import { sessionQuery } from "../../api/queries";
import type { SessionEvent } from "../../api/types";
import { Feed } from "../../live/feed";

/** Events after which the session is not what it was. */
const CHANGES = new Set([
  "ready",
  "navigated",
  "tab",
  "control_changed",
  "recovering",
  "recovered",
  "ended",
  "step",
]);
/** A title comes some time after the page. */
const TITLE_MS = 800;
const WAITING = new Set(["queued", "starting", "recovering", "closing"]);

function changes(event: SessionEvent): boolean {
  return CHANGES.has(event.type.replace("session:", ""));
}

/** A session and what happens in it, up to date. */
export function useSession(id: string) {
  const client = useQueryClient();
  const query = useQuery({
    ...sessionQuery(id),
    // Its place in the queue is told by no event.
    refetchInterval: ({ state }) => (state.data && WAITING.has(state.data.state) ? 1_000 : false),
  });
  const feed = useMemo(() => {
    const { queryKey } = sessionQuery(id);
    let late: ReturnType<typeof setTimeout> | undefined;
    return new Feed(sessionPath(id, "/events"), (events) => {
      if (events.some(changes)) {
        void client.invalidateQueries({ queryKey, exact: true });
        clearTimeout(late);
        late = setTimeout(() => void client.invalidateQueries({ queryKey, exact: true }), TITLE_MS);
      }
      if (events.some((event) => event.type === "session:download")) {
        void client.invalidateQueries({ queryKey: [...queryKey, "downloads"] });
      }
    });
  }, [id, client]);
  const known = query.data !== undefined;
  useEffect(() => {
    if (!known) return;
    feed.open();
    return () => feed.close();
  }, [feed, known]);
  const state = useSyncExternalStore(feed.subscribe, feed.get);
  return { query, feed: state };
}
