/** What a language model may decide beside its words: whether its answer can be cut, and how the voice is from now on. */
import type { TurnInput } from "../core/turn-contract.ts";
import type { Control } from "../vendors/vendor.ts";
import type { Clock } from "./clock.ts";
import type { TunableVoice } from "./tunable-voice.ts";

export interface ControlsParts {
  readonly clock: Clock;
  readonly voice: Partial<Pick<TunableVoice, "tune">>;
  readonly input: (input: TurnInput) => unknown;
  /** The voice does not take what the model wants. */
  readonly onError: (error: unknown) => void;
}

export function obeying({ clock, voice, input, onError }: ControlsParts): (control: Control) => void {
  return ({ interruptable, voiceParams }) => {
    if (interruptable !== undefined) input({ type: "reply-rule", at: clock.now(), interruptable });
    if (voiceParams === undefined) return;
    try {
      voice.tune?.(voiceParams);
    } catch (error) {
      onError(error);
    }
  };
}
