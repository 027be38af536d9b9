import { useQuery } from "@tanstack/react-query";
import { Tabs } from "radix-ui";
import { whoamiQuery, workersQuery } from "../../api/queries";
import { CopyButton } from "../../ui/copy";
import { snippets } from "./snippets";

export function ConnectPage() {
  const { data: who } = useQuery(whoamiQuery);
  const { data: fleet } = useQuery(workersQuery);
  const tokens = who !== undefined && who.login !== "none";
  const region = fleet?.workers[0]?.region ?? "local";
  const all = snippets({ origin: location.origin, tokens, tenant: who?.tenant ?? "default", region });
  const addresses = [
    ["API", location.origin],
    ["CDP, a session for each connection", `${location.origin.replace(/^http/, "ws")}/cdp`],
    ["OpenAPI", `${location.origin}/openapi.json`],
  ] as const;
  return (
    <main className="scroll-quiet h-full overflow-y-auto">
      <div className="mx-auto flex max-w-3xl flex-col gap-8 p-4 sm:p-6">
        <section>
          <h1 className="mb-2 text-base font-semibold">Connect a program</h1>
          <p className="mb-4 text-muted">
            {tokens ? "Put one of your tokens where TOKEN stands. " : "This server asks for no token. "}
            What a program does shows up under Sessions at once.
          </p>
          <Tabs.Root defaultValue="playwright" className="rounded-lg border border-line bg-surface">
            <Tabs.List
              aria-label="Clients"
              className="scroll-quiet flex overflow-x-auto border-b border-line px-2"
            >
              {all.map(({ key, name }) => (
                <Tabs.Trigger
                  key={key}
                  value={key}
                  className="-mb-px h-10 border-b-2 border-transparent px-3 font-medium text-muted hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
                >
                  {name}
                </Tabs.Trigger>
              ))}
            </Tabs.List>
            {all.map(({ key, about, code, name }) => (
              <Tabs.Content key={key} value={key}>
                <div className="flex items-center gap-4 py-2 pr-2 pl-4">
                  <p className="grow text-muted">{about}</p>
                  <CopyButton words text={code} label="Copy" />
                </div>
                <pre
                  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
                  tabIndex={0}
                  role="region"
                  aria-label={`Example for ${name}`}
                  className="scroll-quiet overflow-x-auto px-4 pb-4 font-mono text-xs leading-5"
                >
                  {code}
                </pre>
              </Tabs.Content>
            ))}
          </Tabs.Root>
        </section>
        <section>
          <h2 className="mb-2 text-base font-semibold">Addresses</h2>
          <dl className="rounded-lg border border-line bg-surface">
            {addresses.map(([name, address]) => (
              <div
                key={name}
                className="flex flex-wrap items-center gap-x-4 border-line px-4 py-2 not-first:border-t"
              >
                <dt className="w-64 text-muted">{name}</dt>
                <dd className="flex min-w-0 grow items-center justify-between gap-2">
                  <code className="font-mono text-xs break-all">{address}</code>
                  <CopyButton text={address} label={`Copy the address: ${name}`} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
        <p className="text-muted">
          <a href="/docs" className="text-accent underline">
            The whole API
          </a>
          , and{" "}
          <a href="/demo" className="text-accent underline">
            a page to practise on
          </a>
          .
        </p>
      </div>
    </main>
  );
}
