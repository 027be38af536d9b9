import { useId } from "react";
import type { Field } from "./fields";

interface Props {
  field: Field;
  value: string | boolean | undefined;
  error: string | undefined;
  set: (value: string | boolean) => void;
}

const BOX =
  "w-full rounded-md border bg-ground px-2 aria-invalid:border-bad border-strong-line/60 hover:border-strong-line";
const TALL = new Set(["lines", "pairs", "json", "scripts"]);

/** One field with its label, its error below, and what it is about. */
export function FieldInput({ field, value, error, set }: Props) {
  const id = useId();
  const described = [error ? `${id}-error` : "", field.about ? `${id}-about` : ""].filter(Boolean).join(" ");
  const common = { id, "aria-invalid": error !== undefined, "aria-describedby": described || undefined };
  if (field.kind === "switch") {
    return (
      <label htmlFor={id} className="flex min-h-8 items-center gap-2 self-end">
        <input
          {...common}
          type="checkbox"
          checked={value === true}
          onChange={({ target }) => set(target.checked)}
          className="size-4 accent-accent"
        />
        {field.name}
        {error && <Wrong id={id} error={error} />}
      </label>
    );
  }
  return (
    <div className={field.wide ? "col-span-full" : ""}>
      <label htmlFor={id} className="mb-1 block font-medium">
        {field.name}
      </label>
      <Control field={field} value={typeof value === "string" ? value : ""} set={set} common={common} />
      {error && <Wrong id={id} error={error} />}
      {field.about && (
        <p id={`${id}-about`} className="mt-1 text-xs leading-4 text-muted">
          {field.about}
        </p>
      )}
    </div>
  );
}

interface ControlProps {
  field: Field;
  value: string;
  set: (value: string) => void;
  common: { id: string; "aria-invalid": boolean; "aria-describedby": string | undefined };
}

function Control({ field, value, set, common }: ControlProps) {
  if (field.kind === "choice") {
    return (
      <select {...common} value={value} onChange={({ target }) => set(target.value)} className={`${BOX} h-8`}>
        <option value="">{field.fallback} (default)</option>
        {field.choices
          ?.filter((choice) => choice !== field.fallback)
          .map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
      </select>
    );
  }
  if (TALL.has(field.kind)) {
    return (
      <textarea
        {...common}
        rows={field.kind === "json" || field.kind === "scripts" ? 4 : 2}
        spellCheck={false}
        value={value}
        onChange={({ target }) => set(target.value)}
        className={`${BOX} block resize-y py-1 font-mono text-xs leading-5`}
      />
    );
  }
  return (
    <input
      {...common}
      type={field.kind === "password" ? "password" : "text"}
      inputMode={field.kind === "number" ? "decimal" : undefined}
      autoComplete={field.kind === "password" ? "new-password" : "off"}
      spellCheck={false}
      value={value}
      placeholder={field.fallback}
      onChange={({ target }) => set(target.value)}
      className={`${BOX} h-8`}
    />
  );
}

function Wrong({ id, error }: { id: string; error: string }) {
  return (
    <p id={`${id}-error`} className="mt-1 text-bad">
      {error}
    </p>
  );
}
