import type { ReactNode } from "react";

/** A place with nothing in it, and what to do next. */
export function Empty({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <div className="text-muted">{icon}</div>
      <h2 className="text-sm font-semibold">{title}</h2>
      <div className="flex max-w-md flex-col items-center gap-4 text-muted">{children}</div>
    </div>
  );
}
