/** What to copy after the first call: an agent by REST, and a page of one's own that talks with it. */

export interface Keys {
  readonly origin: string;
  readonly appId: string;
  readonly customerId: string;
  readonly customerSecret: string;
}

/** Starts an agent in the channel `demo`. */
export function startSnippet({ origin, appId, customerId, customerSecret }: Keys): string {
  return `curl -X POST ${origin}/api/conversational-ai-agent/v2/projects/${appId}/join \\
  -u ${customerId}:${customerSecret} \\
  -H 'content-type: application/json' \\
  -d '{
    "name": "my-first-agent",
    "properties": {
      "channel": "demo",
      "token": "'"$(npx parley token --channel demo --uid 100)"'",
      "agent_rtc_uid": "100",
      "remote_rtc_uids": ["*"],
      "llm": { "style": "local", "greeting_message": "Hello! What can I do for you?" }
    }
  }'`;
}

/** Joins the same channel from a page. */
export function joinSnippet({ origin, appId }: Keys): string {
  return `import { joinChannel, openMicrophone } from "@parley/client";

const microphone = await openMicrophone();
const channel = await joinChannel({
  url: "${origin}",
  appId: "${appId}",
  channel: "demo",
  uid: "1002",
  token, // from your server: npx parley token --channel demo --uid 1002
  microphone,
});
channel.on("message", ({ message }) => console.log(message));`;
}
