/** A tool of the agent's that is a function of yours. */
import { type FromSchema, misfit, type ObjectSchema } from "./json-schema.ts";
import type { ToolDefinition } from "./settings.ts";

/** What a tool is told beside its arguments. */
export interface ToolCall {
  readonly callId: string;
  /** Aborts when nobody waits for the result any more: the call's time is over, or the session has ended. */
  readonly signal: AbortSignal;
}

export interface Tool {
  readonly definition: ToolDefinition;
  /** Runs it with arguments as they came; throws what the model should read. */
  run(args: Readonly<Record<string, unknown>>, call: ToolCall): Promise<unknown>;
}

export interface ToolOptions<Parameters extends ObjectSchema> {
  /** snake_case, unique in a session. */
  readonly name: string;
  /** What it does and when to use it: the model reads this. */
  readonly description: string;
  readonly parameters: Parameters;
  /** `interactive`: the conversation goes on while it runs. `hold`: the agent waits. Default `interactive`. */
  readonly executionMode?: "interactive" | "hold";
  /** 1 to 300. Default 120. */
  readonly timeoutSeconds?: number;
  /** What it returns reaches the model as JSON, or as it is if it is a string. What it throws reaches the model as an error. */
  readonly run: (args: FromSchema<Parameters>, call: ToolCall) => unknown;
}

export const defaultTimeoutSeconds = 120;

/** Makes a tool. The arguments' type follows from `parameters`; what does not fit them is told to the model, and does not reach `run`. */
export function tool<const Parameters extends ObjectSchema>(options: ToolOptions<Parameters>): Tool {
  const { name, description, parameters, executionMode, timeoutSeconds, run } = options;
  return {
    definition: {
      type: "function",
      name,
      description,
      parameters,
      ...(executionMode !== undefined && { execution_mode: executionMode }),
      ...(timeoutSeconds !== undefined && { timeout_seconds: timeoutSeconds }),
    },
    async run(args, call) {
      if (!fits<Parameters>(parameters, args)) throw new TypeError(misfit(parameters, args));
      return await run(args, call);
    },
  };
}

function fits<Parameters extends ObjectSchema>(parameters: Parameters, args: unknown): args is FromSchema<Parameters> {
  return misfit(parameters, args) === undefined;
}
