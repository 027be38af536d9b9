import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

type Kind = "plain" | "primary" | "danger" | "quiet";

const LOOK: Record<Kind, string> = {
  plain: "border border-line bg-surface hover:bg-hover",
  primary: "bg-accent text-on-accent hover:opacity-90",
  danger: "border border-line bg-surface text-bad hover:bg-bad-soft",
  quiet: "text-muted hover:bg-hover hover:text-ink",
};

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ kind = "plain", className = "", type = "button", ...rest }: Props) {
  return (
    <button
      type={type}
      className={`inline-flex h-8 shrink-0 items-center justify-center gap-2 rounded-md px-3 font-medium whitespace-nowrap disabled:cursor-not-allowed disabled:opacity-50 pointer-coarse:h-10 ${LOOK[kind]} ${className}`}
      {...rest}
    />
  );
}

interface IconProps extends Omit<Props, "children"> {
  label: string;
  children: ReactNode;
}

/** A button that is a picture: its label is for screen readers and the pointer. */
export function IconButton({ label, className = "", kind = "quiet", children, ...rest }: IconProps) {
  return (
    <Button
      kind={kind}
      className={`w-8 !px-0 pointer-coarse:w-10 ${className}`}
      aria-label={label}
      title={label}
      {...rest}
    >
      {children}
    </Button>
  );
}
