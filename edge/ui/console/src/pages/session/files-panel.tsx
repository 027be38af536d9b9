import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, FileDown, Trash2, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { request, sessionPath } from "../../api/client";
import { downloadsQuery, uploadsQuery } from "../../api/queries";
import type { FileInfo } from "../../api/types";
import { Button, IconButton } from "../../ui/button";
import { Empty } from "../../ui/empty";
import { bytes } from "../../ui/format";
import { complain } from "../../ui/notices";
import { ProblemNote } from "../../ui/problem";

export function FilesPanel({ id, live }: { id: string; live: boolean }) {
  const downloads = useQuery(downloadsQuery(id, live));
  const uploads = useQuery(uploadsQuery(id, live));
  if (!live) {
    return (
      <Empty icon={<FileDown size={32} aria-hidden />} title="The files are gone">
        <p>They went with the browser. A film, if one was asked for, is kept for a day.</p>
        <Film id={id} />
      </Empty>
    );
  }
  return (
    <div className="scroll-quiet flex h-full flex-col gap-6 overflow-y-auto p-4">
      <Files
        title="Downloads"
        kind="downloads"
        id={id}
        query={downloads}
        nothing="What pages save is kept here until the session ends."
      />
      <Files
        title="Staged for upload"
        kind="uploads"
        id={id}
        query={uploads}
        nothing="Stage a file, then give it to a page: upload, in the command box."
      >
        <Stage id={id} done={() => void uploads.refetch()} />
      </Files>
      <section>
        <h2 className="mb-2 font-semibold">Film</h2>
        <Film id={id} />
      </section>
    </div>
  );
}

interface FilesProps {
  title: string;
  kind: "downloads" | "uploads";
  id: string;
  query: ReturnType<typeof useQuery<FileInfo[]>>;
  nothing: string;
  children?: React.ReactNode;
}

function Files({ title, kind, id, query, nothing, children }: FilesProps) {
  const client = useQueryClient();
  const path = (file: FileInfo) => sessionPath(id, `/files/${kind}/${encodeURIComponent(file.name)}`);
  const remove = async (file: FileInfo) => {
    try {
      await request("DELETE", path(file));
    } catch (cause) {
      complain(`${file.name} is still there`, cause);
    }
    await client.invalidateQueries({ queryKey: ["session", id, kind] });
  };
  return (
    <section>
      <div className="mb-2 flex min-h-8 items-center gap-2">
        <h2 className="grow font-semibold">{title}</h2>
        {children}
      </div>
      {query.error && <ProblemNote cause={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <div className="skeleton h-8" />}
      {query.data?.length === 0 && <p className="text-muted">{nothing}</p>}
      <ul>
        {query.data?.map((file) => (
          <li key={file.name} className="flex h-10 items-center gap-2 border-t border-line">
            <span className="min-w-0 grow truncate" title={file.url ?? undefined}>
              {file.name}
            </span>
            <span className="shrink-0 text-muted">
              {file.state && file.state !== "completed" ? file.state.replace("_", " ") : bytes(file.size)}
            </span>
            {kind === "downloads" && file.state === "completed" && (
              <a
                href={path(file)}
                download={file.name}
                aria-label={`Save ${file.name}`}
                title="Save"
                className="flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-ink"
              >
                <Download size={16} aria-hidden />
              </a>
            )}
            <IconButton label={`Delete ${file.name}`} onClick={() => void remove(file)}>
              <Trash2 size={16} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
    </section>
  );
}

const UPLOAD_MS = 10 * 60_000;

function Stage({ id, done }: { id: string; done: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const stage = async (files: FileList | null) => {
    setBusy(true);
    for (const file of files ?? []) {
      try {
        const path = sessionPath(id, `/files/uploads/${encodeURIComponent(file.name)}`);
        await request("PUT", path, { body: file, timeout_ms: UPLOAD_MS });
      } catch (cause) {
        complain(`${file.name} is not staged`, cause);
      }
    }
    setBusy(false);
    done();
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        className="sr-only"
        tabIndex={-1}
        aria-label="Files to stage"
        onChange={({ target }) => {
          void stage(target.files).then(() => {
            target.value = "";
          });
        }}
      />
      <Button disabled={busy} onClick={() => input.current?.click()}>
        <Upload size={16} aria-hidden /> {busy ? "Staging…" : "Stage files"}
      </Button>
    </>
  );
}

/** Asked for before it is saved: most sessions keep no film. */
function Film({ id }: { id: string }) {
  const save = async () => {
    const asked = new AbortController();
    try {
      const path = sessionPath(id, "/recording");
      await request("GET", path, { signal: asked.signal });
      asked.abort();
      const link = document.createElement("a");
      link.href = path;
      link.download = `${id}.mkv`;
      link.click();
    } catch (cause) {
      complain("No film", cause);
    }
  };
  return <Button onClick={() => void save()}>Save the film</Button>;
}
