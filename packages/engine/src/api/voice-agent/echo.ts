/** The configuration in force as the client is told it: every default filled in, no secret in it. Pure. */
import { voiceAgent } from "@parley/protocol";
import { type Configuration, formatOf } from "./configuration.ts";
import { responseInstructions } from "./tool-settings.ts";

/** What the agent is where the client says nothing. */
export const defaultSystemPrompt =
  "You are a friendly voice assistant. What you say is spoken aloud: keep it short and natural, without lists, markup or emoji.";

/** Echoed where the client names none; the operator's own voice speaks then. */
export const defaultVoiceName = "alba";

export const defaultVadThreshold = 0.5;

/** Milliseconds that speech lasts before it interrupts. */
export function interruptionDelayOf({ input }: Configuration): number {
  return input?.turn_detection?.interruption_delay ?? (input?.transcription_mode === "min_latency" ? 0 : 500);
}

export function toEcho(id: string, configuration: Configuration): voiceAgent.SessionEcho {
  const { input, output } = configuration;
  return {
    id,
    agent_id: configuration.agent_id ?? null,
    system_prompt: configuration.system_prompt ?? defaultSystemPrompt,
    greeting: greetingOf(configuration),
    input: {
      type: "audio",
      format: formatOf(input?.format),
      keyterms: input?.keyterms ?? null,
      turn_detection: toTurnDetection(configuration),
      transcription_mode: input?.transcription_mode ?? null,
      transcription_prompt: input?.transcription_prompt ?? null,
      language_codes: input?.language_codes ?? null,
      voice_focus: input?.voice_focus ?? null,
      voice_focus_threshold: input?.voice_focus_threshold ?? null,
      continuous_partials: input?.continuous_partials ?? null,
    },
    output: {
      type: "audio",
      voice: output?.voice ?? defaultVoiceName,
      format: formatOf(output?.format),
      volume: output?.volume ?? null,
    },
    tools: (configuration.tools ?? []).map(toEchoTool),
    llm: (configuration.llm ?? []).map(({ base_url, model }) => ({ base_url, model })),
    pre_connect_requests: [],
  };
}

/** An empty greeting is none. */
export function greetingOf({ greeting }: Configuration): string | null {
  return greeting === undefined || greeting === null || greeting.trim() === "" ? null : greeting;
}

function toTurnDetection(configuration: Configuration): voiceAgent.SessionEcho["input"]["turn_detection"] {
  const detection = configuration.input?.turn_detection;
  if (detection === undefined || detection === null) return null;
  return {
    type: "server_vad",
    vad_threshold: detection.vad_threshold ?? defaultVadThreshold,
    min_silence: detection.min_silence ?? null,
    max_silence: detection.max_silence ?? null,
    interrupt_response: detection.interrupt_response ?? true,
    interruption_delay: interruptionDelayOf(configuration),
  };
}

function toEchoTool(tool: voiceAgent.ToolSettings): voiceAgent.SessionEcho["tools"][number] {
  const { http } = tool;
  return {
    type: "function",
    name: tool.name,
    description: tool.description ?? "",
    parameters: tool.parameters ?? { type: "object", properties: {} },
    timeout_seconds: tool.timeout_seconds ?? voiceAgent.toolTimeout.default,
    execution_mode: tool.execution_mode ?? "interactive",
    http:
      http === undefined || http === null
        ? null
        : { url: http.url, http_method: http.http_method, headers: (http.headers ?? []).map(({ name }) => ({ name })) },
    response_instructions: responseInstructions(tool),
  };
}
