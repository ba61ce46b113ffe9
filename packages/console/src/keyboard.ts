/** The page's keys: Space begins, Escape hangs up, M mutes; never while someone types or works a control. */
import type { Call } from "./call.ts";

export function listenToKeys(call: Call, begin: () => void): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const phase = call.phase.peek();
    const inCall = phase === "live" || phase === "connecting";
    if (event.key === "Escape" && inCall) return void call.hangUp();
    if (isControl(event.target)) return;
    if (event.key === " " && !inCall) {
      event.preventDefault();
      begin();
    } else if (event.key.toLowerCase() === "m" && phase === "live") call.mute(!call.muted.peek());
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, button, a, summary, [contenteditable]") !== null;
}
