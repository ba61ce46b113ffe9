/** The conversation as it happens; words that nobody heard are grey. */
import type { Caption } from "@parley/client";
import { Fragment, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Call } from "./call.ts";

/** Closer to the end than this, in pixels, the list follows the conversation. */
const followPx = 120;

export function CaptionList({ call, live }: { call: Call; live: boolean }): JSX.Element {
  const captions = call.captions.value;
  const boxRef = useRef<HTMLDivElement>(null);
  const followRef = useRef(true);
  useEffect(() => {
    const box = boxRef.current;
    if (box !== null && followRef.current) box.scrollTop = box.scrollHeight;
  }, [captions]);
  const onScroll = (): void => {
    const box = boxRef.current;
    if (box !== null) followRef.current = box.scrollHeight - box.scrollTop - box.clientHeight < followPx;
  };
  return (
    <section class="captions" aria-label="Captions">
      {!live && <h2>What was said</h2>}
      <div class="captions-box" ref={boxRef} onScroll={onScroll} tabIndex={0} role="group" aria-label="Captions, scrollable">
        {captions.length === 0 && <p class="captions-empty">{call.phase.value === "live" ? "Go ahead, say something." : ""}</p>}
        <ol>
          {captions.map((caption) => (
            <CaptionLine key={caption.id} caption={caption} />
          ))}
        </ol>
      </div>
      <Announcer captions={captions} />
    </section>
  );
}

function CaptionLine({ caption }: { caption: Caption }): JSX.Element {
  const { role, words, final, interrupted, latencyMs } = caption;
  return (
    <li class="caption" data-testid="caption" data-role={role} data-final={String(final)} data-interrupted={String(interrupted)}>
      <span class="caption-who">{role === "user" ? "You" : "Agent"}</span>
      <p class="caption-text">
        {words.map((word, index) => (
          <Fragment key={index}>
            {index > 0 && " "}
            <span data-heard={String(word.heard)}>{word.text}</span>
          </Fragment>
        ))}
      </p>
      {(interrupted || latencyMs !== null) && (
        <span class="caption-note">
          {latencyMs !== null && <span>{Math.round(latencyMs)} ms</span>}
          {interrupted && <span class="caption-cut">interrupted</span>}
        </span>
      )}
    </li>
  );
}

/** Whole sentences for screen readers: partial words would be read over and over. */
function Announcer({ captions }: { captions: readonly Caption[] }): JSX.Element {
  return (
    <ul class="hidden" role="log" aria-live="polite" aria-relevant="additions">
      {captions
        .filter((caption) => caption.final)
        .slice(-6)
        .map((caption) => (
          <li key={caption.id}>
            {caption.role === "user" ? "You: " : "Agent: "}
            {caption.words
              .filter((word) => word.heard)
              .map((word) => word.text)
              .join(" ")}
          </li>
        ))}
    </ul>
  );
}
