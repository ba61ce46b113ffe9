/** The wire contracts: signalling, data messages, REST. */
export * from "./agent-message.ts";
export * from "./signalling.ts";
export * from "./stream-message.ts";
export * as rest from "./rest.ts";
export * as voiceAgent from "./voice-agent.ts";
export * as voiceAgentRest from "./voice-agent-rest.ts";
