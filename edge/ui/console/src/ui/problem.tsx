import { TriangleAlert } from "lucide-react";
import { Problem } from "../api/client";
import { Button } from "./button";

/** An error as the server gave it, with what helps to find it in the log, and the way on. */
export function ProblemNote({ cause, retry, title }: { cause: unknown; retry?: () => void; title?: string }) {
  const { document } = Problem.of(cause);
  return (
    <div role="alert" className="flex items-start gap-3 rounded-md bg-bad-soft px-4 py-3">
      <TriangleAlert size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden />
      <div className="min-w-0 grow">
        <p className="font-medium">{title ?? document.title}</p>
        <p className="break-words text-muted first-letter:uppercase">{document.detail}</p>
        <p className="font-mono text-xs break-all text-muted">
          {document.code}
          {document.request_id ? ` · request ${document.request_id}` : ""}
        </p>
      </div>
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}
