import { useNavigate } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useRef, useState } from "react";
import { json, Problem } from "../api/client";
import type { Session } from "../api/types";
import { curl } from "../pages/connect/snippets";
import { Button } from "../ui/button";
import { CopyButton } from "../ui/copy";
import { Sheet } from "../ui/dialog";
import { ProblemNote } from "../ui/problem";
import { type Errors, read, type Values } from "./body";
import { FieldInput } from "./field";
import { fieldOf, GROUPS, type Group } from "./fields";

/** The form for a new session. It is open until there is one, or nobody wants it any more. */
export function Create({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState<Values>({});
  const [errors, setErrors] = useState<Errors>({});
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const set = (path: string, value: string | boolean) => {
    setValues((before) => ({ ...before, [path]: value }));
    setErrors(({ [path]: _, ...others }) => others);
  };
  const refuse = (found: Errors) => {
    setErrors(found);
    // Once its group is open.
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const create = async () => {
    const { body, errors: found } = read(values);
    if (Object.keys(found).length > 0) return refuse(found);
    setBusy(true);
    setProblem(null);
    try {
      // Its page shows how far it is, however long the queue.
      const headers = { Prefer: "respond-async" };
      const { id } = await json<Session>("POST", "/v1/sessions", { body, headers });
      await navigate({ to: "/sessions/$id", params: { id } });
    } catch (cause) {
      setBusy(false);
      const { field, detail } = Problem.of(cause).document;
      const at = field ? fieldOf(field) : undefined;
      if (at) refuse({ [at.path]: detail });
      else setProblem(cause);
    }
  };

  return (
    <Sheet open close={close} title="New session" about="Everything is optional." wide>
      <form
        ref={form}
        noValidate
        className="flex min-h-0 flex-col"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <div className="scroll-quiet min-h-0 grow overflow-y-auto">
          {GROUPS.map((group, n) => (
            <GroupFields
              key={group.name}
              group={group}
              first={n === 0}
              values={values}
              errors={errors}
              set={set}
            />
          ))}
        </div>
        {problem !== null && (
          <div className="px-6 pt-4">
            <ProblemNote cause={problem} />
          </div>
        )}
        <footer className="flex flex-wrap items-center gap-2 border-t border-line px-6 py-4">
          <CopyButton words label="Copy as curl" text={curl(location.origin, read(values).body)} />
          <span className="grow" />
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={busy}>
            Create session
          </Button>
        </footer>
      </form>
    </Sheet>
  );
}

interface GroupProps {
  group: Group;
  first: boolean;
  values: Values;
  errors: Errors;
  set: (path: string, value: string | boolean) => void;
}

function GroupFields({ group, first, values, errors, set }: GroupProps) {
  const [open, setOpen] = useState(first);
  const given = group.fields.filter(({ path }) => values[path]).length;
  const wrong = group.fields.some(({ path }) => errors[path]);
  if (first) return <Fields group={group} values={values} errors={errors} set={set} />;
  return (
    <details
      open={open || wrong}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="group border-t border-line"
    >
      <summary className="flex h-10 items-center gap-2 px-6 font-medium hover:bg-hover">
        <ChevronRight
          size={16}
          className="text-muted transition-transform group-open:rotate-90"
          aria-hidden
        />
        {group.name}
        {given > 0 && <span className="rounded bg-accent-soft px-2 text-xs text-accent">{given} set</span>}
      </summary>
      <Fields group={group} values={values} errors={errors} set={set} />
    </details>
  );
}

function Fields({ group, values, errors, set }: Omit<GroupProps, "first">) {
  return (
    <div className="grid grid-cols-2 gap-x-6 gap-y-4 px-6 py-4 max-sm:grid-cols-1">
      {group.fields.map((field) => (
        <FieldInput
          key={field.path}
          field={field}
          value={values[field.path]}
          error={errors[field.path]}
          set={(value) => set(field.path, value)}
        />
      ))}
    </div>
  );
}
