/** What a language model may decide beside its words: whether its answer can be cut, and how the voice is from now on. */
import type { TurnInput } from "../core/turn-contract.ts";
import type { Control } from "../vendors/vendor.ts";
import type { Clock } from "./clock.ts";
import type { Feed } from "./feed.ts";
import type { TunableVoice } from "./tunable-voice.ts";

export interface ControlsParts {
  readonly clock: Clock;
  readonly voice: Partial<Pick<TunableVoice, "tune">> | undefined;
}

/** What the voice does not take is told as an error, and changes nothing. */
export function obeying({ clock, voice }: ControlsParts, feed: Feed, input: (input: TurnInput) => unknown): (control: Control) => void {
  return ({ interruptable, voiceParams }) => {
    if (interruptable !== undefined) input({ type: "reply-rule", at: clock.now(), interruptable });
    if (voiceParams === undefined) return;
    try {
      voice?.tune?.(voiceParams);
    } catch (error) {
      feed.fail("tts", error);
    }
  };
}
