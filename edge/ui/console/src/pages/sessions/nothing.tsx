import { Link } from "@tanstack/react-router";
import { SearchX, SquareStack } from "lucide-react";
import type { SessionsSearch } from "../../router";
import { Button } from "../../ui/button";
import { Empty } from "../../ui/empty";

export function NothingYet({ create }: { create: () => void }) {
  return (
    <Empty icon={<SquareStack size={32} aria-hidden />} title="No sessions yet">
      <p>A session is a browser of your own. Make one here, or let a program do it: it shows up at once.</p>
      <div className="flex gap-2">
        <Button kind="primary" onClick={create}>
          New session
        </Button>
        <Link
          to="/connect"
          className="inline-flex h-8 items-center rounded-md border border-line px-3 font-medium hover:bg-hover"
        >
          Connect a program
        </Link>
      </div>
    </Empty>
  );
}

interface FoundProps {
  search: SessionsSearch;
  change: (part: Partial<SessionsSearch>) => void;
}

export function NothingFound({ search, change }: FoundProps) {
  const filtered = search.q !== undefined || search.control !== undefined;
  return (
    <Empty
      icon={<SearchX size={32} aria-hidden />}
      title={filtered ? "No session is like that" : "No session is in this state"}
    >
      <p>
        {filtered
          ? "The search looks at names, ids, labels, pages and workers. All of its words have to be found."
          : "There are others."}
      </p>
      <Button onClick={() => change({ q: undefined, state: "all", control: undefined })}>
        Show all sessions
      </Button>
    </Empty>
  );
}
