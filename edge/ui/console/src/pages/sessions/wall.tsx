import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Session } from "../../api/types";
import { watch } from "../../live/frames";
import { sessions as store } from "../../live/sessions";
import { shortId, shortUrl } from "../../ui/format";
import { ControlMark, StateMark } from "../../ui/state";

const WISH = { max_fps: 1, quality: 50, max_width: 400 };
const NARROWEST = 272;
const GAP = 16;
const CAPTION = 64;
/** Sessions that are watched at once, however many fit on the screen. */
const MOST = 32;

/** The live sessions as pictures, one a second. Only those on the screen are watched. */
export function Wall({ sessions }: { sessions: Session[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const columns = Math.max(1, Math.floor((width - GAP) / (NARROWEST + GAP)));
  const tile = (width - GAP) / columns - GAP;
  const height = Math.round((tile * 9) / 16) + CAPTION + GAP;
  const rows = useVirtualizer({
    count: width === 0 ? 0 : Math.ceil(sessions.length / columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 0,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was measured holds no more for another height.
  useEffect(() => rows.measure(), [rows, height]);
  const items = rows.getVirtualItems();
  const shown = items.flatMap((row) => sessions.slice(row.index * columns, (row.index + 1) * columns));
  const ids = shown.map((session) => session.id).join(" ");
  useEffect(() => store.watch(ids.split(" ")), [ids]);
  const watched = new Set(shown.filter((session) => session.state === "ready").slice(0, MOST));
  return (
    <div ref={scroller} className="scroll-quiet h-full overflow-y-auto">
      <ul className="relative" aria-label="Sessions" style={{ height: rows.getTotalSize() + GAP }}>
        {items.flatMap((row) =>
          sessions.slice(row.index * columns, (row.index + 1) * columns).map((session, column) => (
            <li
              key={session.id}
              className="absolute top-0 left-0"
              style={{
                width: tile,
                transform: `translate(${GAP + column * (tile + GAP)}px, ${GAP + row.start}px)`,
              }}
            >
              <Tile session={session} watched={watched.has(session)} />
            </li>
          )),
        )}
      </ul>
    </div>
  );
}

function Tile({ session, watched }: { session: Session; watched: boolean }) {
  const title = session.name ?? shortId(session.id);
  return (
    <Link
      to="/sessions/$id"
      params={{ id: session.id }}
      className="block overflow-hidden rounded-lg border border-line hover:border-strong-line"
    >
      <div className="relative aspect-video bg-ground">
        {watched ? (
          <Picture key={session.id} id={session.id} title={title} />
        ) : (
          <p className="flex h-full items-center justify-center text-muted">
            {session.state === "ready" ? "Too many to watch at once" : <StateMark session={session} />}
          </p>
        )}
      </div>
      <div className="h-16 px-3 py-2">
        <p className="flex items-center gap-2">
          <span className="grow truncate font-medium">{title}</span>
          {session.state !== "ended" && <ControlMark control={session.control} />}
        </p>
        <p className="truncate text-muted">{session.page.title || shortUrl(session.page.url) || "–"}</p>
      </div>
    </Link>
  );
}

function Picture({ id, title }: { id: string; title: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    if (canvas.current === null) return;
    return watch(id, canvas.current, WISH, () => setDrawn(true));
  }, [id]);
  return (
    <>
      {!drawn && <div className="skeleton absolute inset-0 !rounded-none" />}
      <canvas
        ref={canvas}
        role="img"
        aria-label={`The page of ${title}`}
        className="size-full object-contain"
      />
    </>
  );
}
