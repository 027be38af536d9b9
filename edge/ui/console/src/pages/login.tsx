import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { login } from "../api/login";
import { queries } from "../api/queries";
import rook from "../rook.svg";
import { Button } from "../ui/button";
import { ProblemNote } from "../ui/problem";

const route = getRouteApi("/login");

export function LoginPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const enter = async (data: FormData) => {
    setBusy(true);
    setProblem(null);
    try {
      await login(String(data.get("token") ?? "").trim());
      queries.clear();
      router.history.push(next ?? "/sessions");
    } catch (cause) {
      setProblem(cause);
      setBusy(false);
    }
  };
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <form
        className="flex w-full max-w-sm flex-col gap-4 rounded-xl border border-line bg-surface p-8"
        onSubmit={(event) => {
          event.preventDefault();
          void enter(new FormData(event.currentTarget));
        }}
      >
        <img src={rook} alt="" width={40} height={40} />
        <div>
          <h1 className="text-base font-semibold">Log in to Rookery</h1>
          <p className="text-muted">
            With a token of this fleet. It is traded for a cookie and not kept in the browser.
          </p>
        </div>
        <label className="flex flex-col gap-1 font-medium">
          Token
          <input
            name="token"
            type="password"
            required
            // biome-ignore lint/a11y/noAutofocus: the page has this one field and nothing before it.
            autoFocus
            autoComplete="current-password"
            className="h-10 rounded-md border border-strong-line bg-ground px-3 font-mono font-normal"
          />
        </label>
        {problem !== null && <ProblemNote cause={problem} />}
        <Button type="submit" kind="primary" className="h-10" disabled={busy}>
          Log in
        </Button>
      </form>
    </main>
  );
}
