/** The middle of the page: what to do, the button that does it, and both voices on one line. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Call } from "./call.ts";
import type { Engine } from "./engine-watch.ts";
import { Horizon } from "./horizon.tsx";
import { MicrophoneIcon } from "./icons.tsx";
import { MicrophoneChoice } from "./microphone-choice.tsx";

const activityTexts = { listening: "Listening", thinking: "Thinking", speaking: "Speaking" } as const;

interface StageProps {
  call: Call;
  engine: Engine;
  begin: () => void;
  /** Whether there is room for the words that greet. */
  welcome: boolean;
}

export function Stage({ call, engine, begin, welcome }: StageProps): JSX.Element {
  const phase = call.phase.value;
  const inCall = phase === "live" || phase === "connecting";
  const again = call.captions.value.length > 0;
  return (
    <section class="stage" aria-label="Call">
      {welcome && call.problem.value === null && <Welcome />}
      <div class="line">
        <Horizon call={call} />
        {inCall ? (
          <div
            class="orb"
            data-activity={phase === "connecting" || call.reconnecting.value ? "connecting" : call.activity.value}
            aria-hidden="true"
          >
            <i />
            <i />
            <i />
          </div>
        ) : (
          <button type="button" class="orb talk" data-testid="talk" onClick={begin} aria-label={again ? "Talk again" : "Start talking"}>
            <MicrophoneIcon />
          </button>
        )}
      </div>
      {inCall ? <LiveStatus call={call} /> : <IdleStatus call={call} engine={engine} again={again} />}
    </section>
  );
}

function Welcome(): JSX.Element {
  return (
    <div class="welcome">
      <h1>Say something.</h1>
      <p>Parley listens, thinks and answers out loud, all on this machine. Interrupt it whenever you like.</p>
    </div>
  );
}

function IdleStatus({ call, engine, again }: { call: Call; engine: Engine; again: boolean }): JSX.Element {
  const readiness = engine.readiness.value;
  const loading = readiness !== null && readiness !== "gone" && !readiness.ready;
  const latencyMs = call.latencyMs.value;
  return (
    <div class="status">
      <p class="status-main">{again ? "Talk again" : "Start talking"}</p>
      <p class="status-detail">
        {loading ? (
          <span class="loading">The models are still loading. You can press already.</span>
        ) : again && latencyMs !== null ? (
          `The last answer began after ${Math.round(latencyMs)} ms`
        ) : (
          <span class="by-key">
            or press <kbd>Space</kbd>
          </span>
        )}
      </p>
      <MicrophoneChoice call={call} />
    </div>
  );
}

function LiveStatus({ call }: { call: Call }): JSX.Element {
  const connecting = call.phase.value === "connecting";
  const latencyMs = call.latencyMs.value;
  const main = connecting ? "Connecting" : call.reconnecting.value ? "Reconnecting" : activityTexts[call.activity.value];
  return (
    <div class="status">
      <p class="status-main" role="status">
        {main}
        {call.muted.value && !connecting && <span class="tag">muted</span>}
      </p>
      <p class="status-detail">
        {connecting ? (
          call.step.value
        ) : (
          <>
            <Timer since={call.startedAt.value ?? Date.now()} />
            {latencyMs !== null && <span class="latency">answered in {Math.round(latencyMs)} ms</span>}
            {call.people.value > 1 && <span>{call.people.value + 1} in the channel</span>}
          </>
        )}
      </p>
    </div>
  );
}

function Timer({ since }: { since: number }): JSX.Element {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 500);
    return () => clearInterval(timer);
  }, [now]);
  const seconds = Math.max(0, Math.floor((now.value - since) / 1000));
  return (
    <time class="timer">
      {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
    </time>
  );
}
