/** Light or dark: what the system prefers, until someone chooses. */
import { signal } from "@preact/signals";

export type Theme = "light" | "dark";

const key = "parley-theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What is shown, and the function that changes it. */
export function openTheme(root: HTMLElement) {
  const theme = signal<Theme>(stored() ?? (prefersDark.matches ? "dark" : "light"));
  const show = (next: Theme): void => {
    theme.value = next;
    root.dataset["theme"] = next;
  };
  show(theme.value);
  prefersDark.addEventListener("change", () => {
    if (stored() === undefined) show(prefersDark.matches ? "dark" : "light");
  });
  const toggle = (): void => {
    const next = theme.peek() === "dark" ? "light" : "dark";
    show(next);
    try {
      localStorage.setItem(key, next);
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }
  };
  return { theme, toggle };
}

export type ThemeControl = ReturnType<typeof openTheme>;
