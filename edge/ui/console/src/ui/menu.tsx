import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";

/** A menu. Not modal: Radix would lock scrolling by a style element, which the page's policy refuses. */
export function Menu({ trigger, children }: { trigger: ReactNode; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content
        align="end"
        sideOffset={4}
        className="z-50 min-w-48 rounded-lg border border-line bg-raised p-1 shadow-lg"
      >
        {children}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}

export function MenuItem({ pick, children }: { pick: () => void; children: ReactNode }) {
  return (
    <DropdownMenu.Item
      onSelect={pick}
      className="flex h-8 items-center gap-2 rounded-md px-2 outline-none data-highlighted:bg-hover"
    >
      {children}
    </DropdownMenu.Item>
  );
}

export function MenuChoice<T extends string>({
  value,
  choices,
  pick,
}: {
  value: T;
  choices: readonly (readonly [T, string])[];
  pick: (value: T) => void;
}) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={(to) => pick(to as T)}>
      {choices.map(([key, name]) => (
        <DropdownMenu.RadioItem
          key={key}
          value={key}
          className="flex h-8 items-center rounded-md pr-2 pl-6 outline-none data-highlighted:bg-hover data-[state=checked]:font-semibold"
        >
          <DropdownMenu.ItemIndicator className="-ml-4 w-4 text-accent">•</DropdownMenu.ItemIndicator>
          {name}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}
