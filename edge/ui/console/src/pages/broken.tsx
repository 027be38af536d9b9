import { Link, useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Problem } from "../api/client";
import { Empty } from "../ui/empty";
import { ProblemNote } from "../ui/problem";

export function Broken({ error }: { error: unknown }) {
  const router = useRouter();
  // Anything but a refused request is of the page itself, which then begins anew.
  const retry = () => (error instanceof Problem ? void router.invalidate() : location.reload());
  return (
    <main className="mx-auto max-w-xl p-6">
      <ProblemNote cause={error} retry={retry} />
    </main>
  );
}

export function Missing() {
  return (
    <main>
      <Empty icon={<Compass size={32} aria-hidden />} title="There is nothing at this address">
        <Link to="/sessions" className="text-accent underline">
          All sessions
        </Link>
      </Empty>
    </main>
  );
}
