/** Vendors' protocols on loopback, well-behaved or not: for Parley's tests and for its users'. */
export {
  audioDelta,
  type ChatAnswer,
  type ChatCall,
  type ChatFailure,
  type ChatMessage,
  type ChatRequest,
  type ChatSimulator,
  type ChatSimulatorOptions,
  type ChatSpeech,
  startChatSimulator,
} from "./chat.ts";
export { listen, type Listening } from "./listening.ts";
export {
  type SimulatedAsrInput,
  type SimulatedTranscript,
  type SimulatedTtsOutput,
  type SimulatedVendorsOptions,
  type SimulatedWord,
  simulatedRate,
  simulatedVendors,
} from "./speech.ts";
export {
  simulatedSpeech,
  startTtsSimulator,
  type TtsFailure,
  type TtsRequest,
  type TtsSimulator,
  type TtsSimulatorOptions,
} from "./tts.ts";
export { type McpSimulator, type McpSimulatorOptions, type SimulatedTool, startMcpSimulator } from "./mcp.ts";
export { type VoiceAgentMessage, type VoiceAgentReply, VoiceAgentSimulator, type VoiceAgentSimulatorOptions } from "./voice-agent.ts";
