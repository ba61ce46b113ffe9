/** What tests of turn-taking share: settings to start from, and a way to tell it what happens. */
import type { TurnDecision, TurnInput, TurnTakingSettings } from "./turn-contract.ts";
import type { TurnTaking } from "./turn-taking.ts";

export const settings: TurnTakingSettings = {
  onset: "voice",
  endpointingMs: 500,
  endpointing: "silence",
  maxWaitMs: 3000,
  interruptMs: 160,
  interruption: "speech",
  keywords: [],
  overlapping: "append",
};
/** The one who speaks where it does not matter who. */
export const uid = "7";

export const run = (turns: TurnTaking, ...inputs: TurnInput[]): TurnDecision[] => inputs.flatMap((input) => turns.handle(input));
