import { Camera, Download, Trash2 } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { request, sessionPath } from "../../api/client";
import { Button, IconButton } from "../../ui/button";
import { Empty } from "../../ui/empty";
import { bytes } from "../../ui/format";
import { complain } from "../../ui/notices";

export interface Picture {
  n: number;
  url: string;
  time: Date;
  size: number;
  kind: string;
}

export interface Pictures {
  list: readonly Picture[];
  busy: boolean;
  take: () => Promise<void>;
  add: (picture: Blob) => void;
  drop: (n: number) => void;
}

/** They are in the memory of this page alone. */
const MOST = 24;

export function usePictures(id: string): Pictures {
  const [list, setList] = useState<readonly Picture[]>([]);
  const [busy, setBusy] = useState(false);
  const count = useRef(0);
  const latest = useRef(list);
  latest.current = list;

  const add = useCallback((picture: Blob) => {
    const entry: Picture = {
      n: ++count.current,
      url: URL.createObjectURL(picture),
      time: new Date(),
      size: picture.size,
      kind: picture.type.replace("image/", ""),
    };
    for (const old of latest.current.slice(MOST - 1)) URL.revokeObjectURL(old.url);
    setList((before) => [entry, ...before].slice(0, MOST));
  }, []);
  const drop = useCallback((n: number) => {
    const gone = latest.current.find((picture) => picture.n === n);
    if (gone) URL.revokeObjectURL(gone.url);
    setList((before) => before.filter((picture) => picture.n !== n));
  }, []);
  const take = useCallback(async () => {
    setBusy(true);
    try {
      add(await (await request("GET", sessionPath(id, "/screenshot?format=png"))).blob());
    } catch (cause) {
      complain("No picture", cause);
    } finally {
      setBusy(false);
    }
  }, [id, add]);
  useEffect(
    () => () => {
      for (const picture of latest.current) URL.revokeObjectURL(picture.url);
    },
    [],
  );
  return { list, busy, take, add, drop };
}

export function PicturesPanel({ pictures, live }: { pictures: Pictures; live: boolean }) {
  if (pictures.list.length === 0) {
    return (
      <Empty icon={<Camera size={32} aria-hidden />} title="No pictures taken">
        <p>Pictures are kept in this page until it is left, the last {MOST}.</p>
        {live && (
          <Button onClick={() => void pictures.take()} disabled={pictures.busy}>
            Take a picture
          </Button>
        )}
      </Empty>
    );
  }
  return (
    <ul className="scroll-quiet flex h-full flex-col gap-4 overflow-y-auto p-4">
      {pictures.list.map((picture) => (
        <li key={picture.n} className="overflow-hidden rounded-lg border border-line">
          <a href={picture.url} target="_blank" rel="noreferrer" className="block bg-ground">
            <img
              src={picture.url}
              alt={`The page at ${picture.time.toLocaleTimeString()}`}
              className="aspect-video w-full object-contain"
            />
          </a>
          <div className="flex items-center gap-2 py-1 pr-1 pl-3 text-muted">
            <span className="grow">
              {picture.time.toLocaleTimeString([], { hour12: false })} · {picture.kind} ·{" "}
              {bytes(picture.size)}
            </span>
            <a
              href={picture.url}
              download={`${picture.time.toISOString().replaceAll(":", "-")}.${picture.kind}`}
              aria-label="Save the picture"
              title="Save the picture"
              className="flex size-8 items-center justify-center rounded-md hover:bg-hover hover:text-ink"
            >
              <Download size={16} aria-hidden />
            </a>
            <IconButton label="Drop the picture" onClick={() => pictures.drop(picture.n)}>
              <Trash2 size={16} aria-hidden />
            </IconButton>
          </div>
        </li>
      ))}
    </ul>
  );
}
