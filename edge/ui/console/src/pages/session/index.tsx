import { getRouteApi, Link } from "@tanstack/react-router";
import { Problem } from "../../api/client";
import { ProblemNote } from "../../ui/problem";
import { CommandBox } from "./command-box";
import { Header } from "./header";
import { Panels } from "./panels";
import { usePictures } from "./pictures";
import { Stage } from "./stage";
import { useSession } from "./use-session";

const route = getRouteApi("/shell/sessions/$id");

export function SessionPage() {
  const { id } = route.useParams();
  // Another session is another page: nothing of the one before stays.
  return <OneSession key={id} id={id} />;
}

function OneSession({ id }: { id: string }) {
  const { query, feed } = useSession(id);
  const pictures = usePictures(id);
  const session = query.data;
  if (session === undefined) {
    return query.error ? (
      <NotThere cause={query.error} retry={() => void query.refetch()} />
    ) : (
      <SessionSkeleton />
    );
  }
  const live = session.state === "ready" || session.state === "recovering";
  return (
    <main className="flex h-full flex-col max-lg:overflow-y-auto">
      <Header session={session} pictures={pictures} />
      {query.error && (
        <div className="px-4 pb-2">
          <ProblemNote cause={query.error} retry={() => void query.refetch()} />
        </div>
      )}
      <div className="flex min-h-0 grow border-t border-line max-lg:flex-col">
        <div className="flex min-w-0 grow flex-col">
          <div className="min-h-0 grow bg-ground max-lg:h-[60dvh] max-lg:grow-0">
            <Stage session={session} />
          </div>
          {live && <CommandBox id={id} pictures={pictures} />}
        </div>
        <aside
          aria-label="About the session"
          className="flex w-[26rem] shrink-0 flex-col border-l border-line bg-surface max-lg:h-[70dvh] max-lg:w-full max-lg:border-t max-lg:border-l-0"
        >
          <Panels session={session} feed={feed} pictures={pictures} />
        </aside>
      </div>
    </main>
  );
}

function NotThere({ cause, retry }: { cause: unknown; retry: () => void }) {
  const { code, context } = Problem.of(cause).document;
  const reason =
    code === "gone" && typeof context === "object" && context !== null && "end_reason" in context;
  return (
    <main className="mx-auto flex max-w-xl flex-col gap-4 p-6">
      <h1 className="text-base font-semibold">
        {reason
          ? `This session has ended: ${String((context as { end_reason: unknown }).end_reason).replaceAll("_", " ")}`
          : "This session cannot be shown"}
      </h1>
      <ProblemNote cause={cause} retry={retry} />
      <Link to="/sessions" className="text-accent underline">
        All sessions
      </Link>
    </main>
  );
}

function SessionSkeleton() {
  return (
    <main className="flex h-full flex-col" role="status" aria-label="Loading the session">
      <div className="flex h-14 items-center gap-4 px-4">
        <span className="skeleton h-5 w-64" />
        <span className="grow" />
        <span className="skeleton h-8 w-40" />
      </div>
      <div className="flex grow border-t border-line">
        <div className="grow p-4">
          <div className="skeleton size-full" />
        </div>
        <div className="w-[26rem] border-l border-line bg-surface max-lg:hidden" />
      </div>
    </main>
  );
}
