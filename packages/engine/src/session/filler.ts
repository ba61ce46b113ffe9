/** Says a word in between when an answer keeps people waiting. */
import type { SessionEvent } from "../core/events.ts";
import { Fillers, type FillerSettings } from "../core/fillers.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { Cancel, Clock } from "./clock.ts";
import type { Feed } from "./feed.ts";

interface FillerParts {
  readonly clock: Clock;
  readonly settings: FillerSettings;
  /** Says it before the answer under way; nothing happens where that has begun. */
  readonly fill: (text: string) => void;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** After these there is nothing to wait for. */
const settling: ReadonlySet<SessionEvent["type"]> = new Set(["reply-start", "reply-end", "reply-interrupted", "turn-start", "closed"]);

/** Nothing happens where the agent is to be silent until it answers. */
export function openFiller(
  { clock, config }: { readonly clock: Clock; readonly config: Pick<AgentConfig, "fillers"> },
  feed: Feed,
  fill: (text: string) => void,
): void {
  if (config.fillers === undefined) return;
  const filler = new Filler({ clock, settings: config.fillers, fill });
  feed.listen((event) => filler.handle(event));
}

class Filler {
  readonly #parts: FillerParts;
  readonly #fillers: Fillers;
  #cancel: Cancel = () => {};

  constructor(parts: FillerParts) {
    this.#parts = parts;
    this.#fillers = new Fillers(parts.settings, parts.random ?? Math.random);
  }

  /** Follows what happens in the session. */
  handle(event: SessionEvent): void {
    if (event.type === "turn-end") this.#fillers.asked(event.at);
    else if (settling.has(event.type)) this.#fillers.settled();
    else return;
    const { clock, fill } = this.#parts;
    const { deadline } = this.#fillers;
    this.#cancel();
    if (deadline === undefined) return;
    this.#cancel = clock.at(deadline, () => {
      const text = this.#fillers.due(deadline);
      if (text !== undefined) fill(text);
    });
  }
}
