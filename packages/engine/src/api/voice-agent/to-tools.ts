/** From tools as a session configures them to tools of an agent. Pure. */
import { voiceAgent } from "@parley/protocol";
import type { Tool } from "../../session/tools.ts";
import { responseInstructions } from "./tool-settings.ts";

/** `run`: how a tool with an address is called; the others are the client's. */
export function toTools(tools: readonly voiceAgent.ToolSettings[], run: (tool: voiceAgent.ToolSettings) => Tool["run"]): Tool[] {
  return tools.map((tool) => {
    const own = tool.http === undefined || tool.http === null ? undefined : run(tool);
    const wishes = responseInstructions(tool);
    return {
      name: tool.name,
      // The model reads the description before it calls: it is where a wish for the answer counts.
      description: [
        tool.description ?? "",
        ...(wishes?.success ? [`When it succeeds: ${wishes.success}`] : []),
        ...(wishes?.error ? [`When it fails: ${wishes.error}`] : []),
      ]
        .filter((text) => text !== "")
        .join("\n"),
      parameters: tool.parameters ?? { type: "object", properties: {} },
      timeoutMs: (tool.timeout_seconds ?? voiceAgent.toolTimeout.default) * 1000,
      mode: tool.execution_mode ?? "interactive",
      ...(own === undefined ? {} : { run: own }),
    };
  });
}
