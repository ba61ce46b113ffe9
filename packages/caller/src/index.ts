/** A participant in Node: what `parley call`, the benchmarks and tests use to be in a channel. */
export { Caller } from "./caller.ts";
export type { CallerEvents, CallerOptions } from "./caller.ts";
export { CallerError } from "./caller-error.ts";
export { EAR_RATE } from "./ear.ts";
export type { HeardFrame } from "./ear.ts";
export { MICROPHONE_RATE } from "./microphone.ts";
export type { Said } from "./microphone.ts";
