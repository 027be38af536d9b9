import { QueryClient, queryOptions } from "@tanstack/react-query";
import { json, Problem, sessionPath } from "./client";
import { whoami } from "./login";
import type { FileInfo, QueueReport, Session, WorkerList } from "./types";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refuses it refuses again.
      retry: (failures, error) => failures < 2 && Problem.of(error).document.retryable,
      staleTime: 5_000,
    },
  },
});

export const whoamiQuery = queryOptions({ queryKey: ["whoami"], queryFn: whoami, staleTime: 60_000 });

export const workersQuery = queryOptions({
  queryKey: ["workers"],
  queryFn: ({ signal }) => json<WorkerList>("GET", "/v1/workers", { signal }),
  refetchInterval: 2_000,
});

export const queueQuery = queryOptions({
  queryKey: ["queue"],
  queryFn: ({ signal }) => json<QueueReport>("GET", "/v1/queue", { signal }),
  refetchInterval: 2_000,
});

export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ["session", id],
    queryFn: ({ signal }) => json<Session>("GET", sessionPath(id), { signal }),
  });

export const downloadsQuery = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ["session", id, "downloads"],
    queryFn: async ({ signal }) =>
      (await json<{ files: FileInfo[] }>("GET", sessionPath(id, "/files/downloads"), { signal })).files,
    enabled: live,
  });

export const uploadsQuery = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ["session", id, "uploads"],
    queryFn: async ({ signal }) =>
      (await json<{ files: FileInfo[] }>("GET", sessionPath(id, "/files/uploads"), { signal })).files,
    enabled: live,
  });
