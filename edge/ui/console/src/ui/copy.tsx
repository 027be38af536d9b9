import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, IconButton } from "./button";
import { say } from "./notices";

/** Copies where the browser lets a page do so: on HTTPS and on loopback. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    say("The browser does not let this page copy; select the text instead.");
    return false;
  }
}

export function CopyButton({ text, label, words }: { text: string; label: string; words?: boolean }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1_500);
    return () => clearTimeout(timer);
  }, [done]);
  const icon = done ? <Check size={16} className="text-good" aria-hidden /> : <Copy size={16} aria-hidden />;
  const click = async () => setDone(await copy(text));
  if (words) {
    return (
      <Button onClick={click}>
        {icon} {done ? "Copied" : label}
      </Button>
    );
  }
  return (
    <IconButton label={done ? "Copied" : label} onClick={click}>
      {icon}
    </IconButton>
  );
}
