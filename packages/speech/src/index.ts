/** Parley's embedded speech: everything that other packages may use. */
export type { LoadProgress, Recognition, Spoken, SpokenWord } from "./jobs.ts";
export type { Vad } from "./silero/vad-streams.ts";
export { openSpeech, type RecogniseOptions, type SpeakOptions, type Speech, type SpeechOptions } from "./speech.ts";
export { voices, type Voice } from "./piper/voices.ts";
export { SpeechError, type SpeechErrorCode } from "./speech-error.ts";
export {
  type Ability,
  type Brain,
  type BrainCall,
  type BrainContext,
  type BrainMessage,
  type BrainTool,
  openBrain,
} from "./brain/brain.ts";
