/** Puts a text on the clipboard and says so. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { CheckIcon, CopyIcon } from "./icons.tsx";

/** How long the tick stays, in milliseconds. */
const doneMs = 1_600;

export function CopyButton({ text, label }: { text: string; label: string }): JSX.Element {
  const done = useSignal(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return; // Refused: the text can still be selected.
    }
    done.value = true;
    setTimeout(() => (done.value = false), doneMs);
  };
  return (
    <button type="button" class="round bare copy" aria-label={done.value ? "Copied" : label} onClick={() => void copy()}>
      {done.value ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}
