/** The parts of `parley call`, for benchmarks and browser tests: what counts as sound, as a gap, as an answer. */
export { accountOf, type CallRecord, type Heard, type TurnAccount, type Utterance } from "./account.ts";
export { Arrivals, LONG_GAP_MS } from "./arrivals.ts";
export { type Conversation, type ConversationOptions, converse, type Line } from "./conversation.ts";
export { CallFailure } from "./failure.ts";
export { Hearing } from "./hearing.ts";
export { AUDIBLE, audibleSpan, Loudness, silentFrom, type Sound } from "./loudness.ts";
export { type AgentOrder, startRestAgent, type StartedAgent } from "./rest-agent.ts";
export { buildToken } from "../../projects/tokens.ts";
