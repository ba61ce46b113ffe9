/** What one does in a call: mute, write, choose the microphone, hang up. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import { HangUpIcon, MicrophoneIcon, MutedIcon, SendIcon } from "./icons.tsx";
import { MicrophoneChoice } from "./microphone-choice.tsx";

export function Dock({ call }: { call: Call }): JSX.Element {
  const live = call.phase.value === "live";
  const muted = call.muted.value;
  return (
    <footer class="dock">
      <div class="dock-inner">
        <button
          type="button"
          class="round"
          data-testid="mute"
          aria-pressed={muted}
          aria-label={muted ? "Unmute" : "Mute"}
          title={muted ? "Unmute (M)" : "Mute (M)"}
          disabled={!live}
          onClick={() => call.mute(!muted)}
        >
          {muted ? <MutedIcon /> : <MicrophoneIcon />}
        </button>
        <MicrophoneChoice call={call} />
        <TextField call={call} live={live} />
        <button
          type="button"
          class="round hangup"
          data-testid="hangup"
          aria-label="Hang up"
          title="Hang up (Esc)"
          onClick={() => void call.hangUp()}
        >
          <HangUpIcon />
        </button>
      </div>
    </footer>
  );
}

function TextField({ call, live }: { call: Call; live: boolean }): JSX.Element {
  const text = useSignal("");
  const submit = (event: Event): void => {
    event.preventDefault();
    const message = text.value.trim();
    if (message === "") return;
    call.say(message);
    text.value = "";
  };
  return (
    <form class="write" onSubmit={submit}>
      <input
        data-testid="text"
        aria-label="Write to the agent"
        placeholder="Or write here"
        maxLength={4000}
        autocomplete="off"
        enterkeyhint="send"
        disabled={!live}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <button type="submit" class="send" aria-label="Send" disabled={!live || text.value.trim() === ""}>
        <SendIcon />
      </button>
    </form>
  );
}
