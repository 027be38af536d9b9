import { Button } from "../../ui/button";
import { plural } from "../../ui/format";

interface Props {
  count: number;
  live: number;
  clear: () => void;
  end: () => void;
}

/** What can be done with the chosen rows. */
export function Chosen({ count, live, clear, end }: Props) {
  return (
    <section
      aria-label="Selected sessions"
      className="flex h-14 shrink-0 items-center gap-4 border-t border-line bg-raised px-4"
    >
      <span aria-live="polite" className="font-medium">
        {plural(count, "session")} selected
      </span>
      <span className="grow" />
      <Button onClick={clear}>Clear</Button>
      <Button kind="danger" onClick={end} disabled={live === 0}>
        {live === count ? "End…" : `End ${live}…`}
      </Button>
    </section>
  );
}
