import { ArrowLeftRight } from "lucide-react";
import type { Request } from "../../live/feed";
import { Empty } from "../../ui/empty";
import { clock, duration } from "../../ui/format";
import { LeftOut } from "./console-panel";
import { Log } from "./log";

export function NetworkPanel({ requests, left_out }: { requests: readonly Request[]; left_out: number }) {
  if (requests.length === 0) {
    return (
      <Empty icon={<ArrowLeftRight size={32} aria-hidden />} title="No requests yet">
        <p>What pages ask for shows up here while somebody watches the session. It is not kept.</p>
      </Empty>
    );
  }
  return (
    <div className="flex h-full flex-col">
      <LeftOut count={left_out} />
      <div className="min-h-0 grow">
        <Log
          items={requests}
          label="Network"
          height={44}
          keyOf={(request) => request.n}
          row={(request) => <Row request={request} />}
        />
      </div>
    </div>
  );
}

/** The last part of its path, which tells one from another. */
function nameOf(url: string): string {
  try {
    const { host, pathname, search } = new URL(url);
    return (pathname.split("/").filter(Boolean).at(-1) ?? host) + search;
  } catch {
    return url;
  }
}

function Row({ request }: { request: Request }) {
  const { status, error } = request;
  const failed = error !== null || (status !== null && status >= 400);
  return (
    <div className="flex gap-3 border-b border-line px-4 py-1">
      <span className={`w-10 shrink-0 ${failed ? "text-bad" : status === null ? "text-muted" : ""}`}>
        {error === null ? (status ?? "…") : "failed"}
      </span>
      <div className="min-w-0 grow">
        <p className="truncate" title={request.url}>
          {nameOf(request.url)}
        </p>
        <p className={`truncate text-xs leading-4 ${error ? "text-bad" : "text-muted"}`}>
          {error ??
            [request.method, request.resource.toLowerCase(), request.mime_type].filter(Boolean).join(" · ")}
        </p>
      </div>
      <span className="shrink-0 text-muted">{request.took_ms === null ? "" : duration(request.took_ms)}</span>
      <time dateTime={request.time} className="shrink-0 text-xs leading-5 text-muted">
        {clock(request.time)}
      </time>
    </div>
  );
}
