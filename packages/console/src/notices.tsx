/** What is worth knowing in a call: echo, blocked sound, what the agent reports. */
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import { CloseIcon, WarningIcon } from "./icons.tsx";

export function Notices({ call }: { call: Call }): JSX.Element | null {
  const echo = call.granted.value?.echoCancellation === false;
  const notice = call.notice.value;
  if (!echo && notice === "" && !call.audioBlocked.value) return null;
  return (
    <div class="notices">
      {call.audioBlocked.value && (
        <p class="notice">
          <WarningIcon />
          <span>The browser holds the agent’s voice back until you allow sound.</span>
          <button type="button" class="small" onClick={() => void call.resumeAudio()}>
            Play sound
          </button>
        </p>
      )}
      {echo && (
        <p class="notice" data-testid="echo-warning">
          <WarningIcon />
          <span>The browser did not switch echo cancellation on: the agent may hear itself. Use headphones, or another microphone.</span>
        </p>
      )}
      {notice !== "" && (
        <p class="notice" data-testid="notice" role="status">
          <WarningIcon />
          <span>{notice}</span>
          <button type="button" class="round bare" aria-label="Close this notice" onClick={() => (call.notice.value = "")}>
            <CloseIcon />
          </button>
        </p>
      )}
    </div>
  );
}
