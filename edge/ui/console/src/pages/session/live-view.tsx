import { MonitorX } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "../../ui/button";
import { Empty } from "../../ui/empty";
import { useTheme } from "../../ui/theme";
import { loadView } from "./view";

/** The picture of the session, and the hands on it. */
export function LiveView({ id }: { id: string }) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [failed, setFailed] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: an attempt is one more run of the same.
  useEffect(() => {
    let gone = false;
    setFailed(null);
    loadView().then(
      () => {
        if (gone || host.current === null) return;
        const view = document.createElement("rookery-view");
        view.setAttribute("session", id);
        view.setAttribute("edge", location.origin);
        view.setAttribute("controls", "full");
        view.className = "block size-full";
        host.current.replaceChildren(view);
      },
      (cause) => {
        if (!gone) setFailed(cause instanceof Error ? cause.message : String(cause));
      },
    );
    const element = host.current;
    return () => {
      gone = true;
      element?.replaceChildren();
    };
  }, [id, attempt]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new element has to be told too.
  useEffect(() => {
    const set = () =>
      host.current?.firstElementChild?.setAttribute("theme", theme === "system" ? "auto" : theme);
    set();
    if (host.current === null) return;
    const observer = new MutationObserver(set);
    observer.observe(host.current, { childList: true });
    return () => observer.disconnect();
  }, [theme, id]);

  return (
    <div className="relative size-full">
      <div ref={host} className="size-full" />
      {failed !== null && (
        <div className="absolute inset-0 overflow-auto">
          <Empty icon={<MonitorX size={32} aria-hidden />} title="No live view">
            <p className="first-letter:uppercase">{failed}. Events, commands and pictures work without it.</p>
            <Button onClick={() => setAttempt(attempt + 1)}>Try again</Button>
          </Empty>
        </div>
      )}
    </div>
  );
}
