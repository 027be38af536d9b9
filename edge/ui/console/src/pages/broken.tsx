import { Link, useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Empty } from "../ui/empty";
import { ProblemNote } from "../ui/problem";

export function Broken({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <main className="mx-auto max-w-xl p-6">
      <ProblemNote cause={error} retry={() => void router.invalidate()} />
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
