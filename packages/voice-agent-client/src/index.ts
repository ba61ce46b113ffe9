/** A typed client of Parley's Voice Agent socket, for browsers and Node. */
export { remedyFor, VoiceAgentError } from "./errors.ts";
export type { FromSchema, JsonSchema, ObjectSchema } from "./json-schema.ts";
export type { AudioEvent, SessionEnd, VoiceAgentEvent, VoiceAgentOptions } from "./options.ts";
export type { ServerEvent } from "./server-event.ts";
export type { SessionConfig, SessionSettings, ToolDefinition } from "./settings.ts";
export type { Credential } from "./socket.ts";
export { fetchToken, type TokenOptions } from "./token.ts";
export { type Tool, tool, type ToolCall, type ToolOptions } from "./tool.ts";
export { VoiceAgent } from "./voice-agent.ts";
