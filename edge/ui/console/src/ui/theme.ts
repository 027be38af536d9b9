import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "rookery.theme";
const listeners = new Set<() => void>();

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    // Storage may be shut off; the system's wish is as good.
    return "system";
  }
}

let current = stored();

export function applyTheme(): void {
  const root = document.documentElement;
  if (current === "system") delete root.dataset.theme;
  else root.dataset.theme = current;
}

export function setTheme(theme: Theme): void {
  current = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // It holds until the page is left.
  }
  applyTheme();
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
