import { json, sessionPath } from "../../api/client";
import type { Session } from "../../api/types";
import { plural } from "../../ui/format";
import { complain, say } from "../../ui/notices";

const AT_ONCE = 8;

/** Ends sessions, a few at a time, and says how that went. Events tell the list. */
export async function endAll(ids: readonly string[]): Promise<void> {
  const left = [...ids];
  let ended = 0;
  let failed = 0;
  let cause: unknown;
  const work = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      try {
        await json<Session>("DELETE", sessionPath(id));
        ended += 1;
      } catch (problem) {
        failed += 1;
        cause = problem;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
  if (ended > 0) say(`${plural(ended, "session")} ended`);
  if (failed > 0) complain(`${plural(failed, "session")} not ended`, cause);
}
