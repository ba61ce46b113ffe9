/** A participant in Node: what `parley call`, the benchmarks and tests use to be in a channel. */
export { Caller } from "./caller.ts";
export type { CallerEvents, CallerOptions } from "./caller-contract.ts";
export { CallerError } from "./caller-error.ts";
export { EAR_RATE } from "./ear.ts";
export type { HeardFrame } from "./ear.ts";
export { MICROPHONE_RATE } from "./microphone.ts";
export type { Said, VoiceSource } from "./microphone.ts";
