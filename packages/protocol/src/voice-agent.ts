/** The contract of the Voice Agent socket `/v1/ws`: configuration, and every event in both directions. */
export * from "./voice-agent-client.ts";
export * from "./voice-agent-server.ts";
export * from "./voice-agent-session.ts";
