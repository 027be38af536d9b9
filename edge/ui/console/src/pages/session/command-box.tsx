import { CornerDownLeft, X } from "lucide-react";
import { useId, useRef, useState } from "react";
import { Problem } from "../../api/client";
import { Button, IconButton } from "../../ui/button";
import { CopyButton } from "../../ui/copy";
import { duration } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { ProblemNote } from "../../ui/problem";
import { completions, parseCommand } from "./command";
import type { Pictures } from "./pictures";
import { type Outcome, run, shown } from "./run";

const REMEMBERED = 100;

/** A line to run commands from. What was typed is remembered by this page alone, for it may hold secrets. */
export function CommandBox({ id, pictures }: { id: string; pictures: Pictures }) {
  const [text, setText] = useState("");
  const [past, setPast] = useState<readonly string[]>([]);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const busy = outcome !== null && !outcome.result && !outcome.problem;

  const send = async (typed: string) => {
    if (busy) return;
    let command: Outcome["command"];
    try {
      command = parseCommand(typed);
    } catch (wrong) {
      setOutcome({ text: typed, command: null, problem: bad(wrong) });
      return;
    }
    setText("");
    setPast((before) => [...before.filter((old) => old !== typed), typed].slice(-REMEMBERED));
    setOutcome({ text: typed, command });
    const done = await run(id, command);
    if (done.picture) pictures.add(done.picture);
    setOutcome({ text: typed, command, ...done });
  };

  return (
    <section aria-label="Run a command" className="relative shrink-0 border-t border-line bg-surface">
      {outcome && <Result outcome={outcome} close={() => setOutcome(null)} />}
      <Line text={text} set={setText} past={past} busy={busy} send={(typed) => void send(typed)} />
    </section>
  );
}

function bad(wrong: unknown): Problem {
  const detail = wrong instanceof Error ? wrong.message : String(wrong);
  return new Problem({
    title: "Not a command",
    status: 0,
    code: "invalid_argument",
    detail,
    retryable: false,
  });
}

interface LineProps {
  text: string;
  set: (text: string) => void;
  past: readonly string[];
  busy: boolean;
  send: (text: string) => void;
}

function Line({ text, set, past, busy, send }: LineProps) {
  const id = useId();
  const input = useRef<HTMLTextAreaElement>(null);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  /** How far back in the past, 0 for what is being typed. */
  const [back, setBack] = useState(0);
  const found = open ? completions(text) : [];
  const picked = found[Math.min(at, found.length - 1)];
  useKeys({ c: () => input.current?.focus() });

  const change = (to: string) => {
    set(to);
    setOpen(true);
    setAt(0);
    setBack(0);
  };
  const take = (template: string) => {
    set(template);
    setOpen(false);
    input.current?.focus();
  };
  const remember = (by: number) => {
    const to = Math.max(0, Math.min(past.length, back + by));
    setBack(to);
    setOpen(false);
    set(to === 0 ? "" : (past[past.length - to] ?? ""));
  };
  const press = (event: React.KeyboardEvent) => {
    const choosing = picked !== undefined && text !== "";
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      setOpen(false);
      // A word that is no action yet is completed first.
      if (choosing && at > 0) take(picked.template);
      else send(text);
    } else if (event.key === "Tab" && choosing && !event.shiftKey) {
      event.preventDefault();
      take(picked.template);
    } else if (event.key === "Escape") {
      if (open) setOpen(false);
      else input.current?.blur();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const by = event.key === "ArrowDown" ? 1 : -1;
      if (found.length > 0 && back === 0 && (text !== "" || by > 0)) {
        event.preventDefault();
        setAt((at + by + found.length) % found.length);
      } else if (!text.includes("\n") && (back > 0 || by < 0)) {
        event.preventDefault();
        remember(-by);
      }
    }
  };

  return (
    <div className="relative flex items-end gap-2 p-2">
      {found.length > 0 && (
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label="Actions"
          className="scroll-quiet absolute bottom-full left-2 z-20 max-h-64 w-96 max-w-[calc(100%-1rem)] overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-lg"
        >
          {found.map((action, n) => (
            <div
              key={action.name}
              id={`${id}-${action.name}`}
              role="option"
              tabIndex={-1}
              aria-selected={action === picked}
              ref={(element) => {
                if (n === at) element?.scrollIntoView({ block: "nearest" });
              }}
              // Before the field loses the focus.
              onPointerDown={(event) => {
                event.preventDefault();
                take(action.template);
              }}
              className={`flex gap-4 rounded-md px-2 py-1.5 ${action === picked ? "bg-hover" : ""}`}
            >
              <span className="w-28 shrink-0 font-mono text-xs leading-5">{action.name}</span>
              <span className="truncate text-muted">{action.about}</span>
            </div>
          ))}
        </div>
      )}
      <textarea
        ref={input}
        aria-label="Command"
        aria-haspopup="listbox"
        aria-controls={found.length > 0 ? `${id}-list` : undefined}
        aria-autocomplete="list"
        aria-activedescendant={picked && found.length > 0 ? `${id}-${picked.name}` : undefined}
        rows={Math.min(8, text.split("\n").length)}
        spellCheck={false}
        autoCapitalize="off"
        value={text}
        placeholder="A command, such as click Save"
        onChange={({ target }) => change(target.value)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
        className="min-h-8 grow resize-none rounded-md border border-line bg-ground px-3 py-1.5 font-mono text-xs leading-[18px] pointer-coarse:min-h-10"
      />
      <Button kind="primary" disabled={busy || text.trim() === ""} onClick={() => send(text)}>
        <CornerDownLeft size={16} aria-hidden /> Run
      </Button>
    </div>
  );
}

function Result({ outcome, close }: { outcome: Outcome; close: () => void }) {
  const { text, result, problem, picture } = outcome;
  return (
    // Over the view, which would change its size with each result.
    <div
      aria-live="polite"
      className="absolute inset-x-0 bottom-full z-10 border-y border-line bg-surface shadow-[0_-8px_16px_-8px_rgb(0_0_0/0.25)]"
    >
      <div className="flex items-center gap-3 py-1 pr-2 pl-4">
        <code className="min-w-0 grow truncate text-xs">{text}</code>
        <span className="shrink-0 text-muted">
          {result ? duration(result.duration_ms) : problem ? "failed" : "running"}
        </span>
        {result && <CopyButton text={shown(result.result)} label="Copy the result" />}
        <IconButton label="Close the result" onClick={close}>
          <X size={16} aria-hidden />
        </IconButton>
      </div>
      {!result && !problem && <div className="skeleton mx-4 mb-2 h-5 w-1/3" />}
      {problem && (
        <div className="px-2 pb-2">
          <ProblemNote cause={problem} />
        </div>
      )}
      {result && !picture && (
        <pre className="scroll-quiet max-h-48 overflow-auto px-4 pb-2 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
          {shown(result.result)}
        </pre>
      )}
      {picture && <p className="px-4 pb-2 text-muted">The picture is among Pictures.</p>}
    </div>
  );
}
