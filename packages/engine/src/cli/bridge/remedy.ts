/** What went wrong with a bridge, in the words of whoever has to repair it. */
import { CallerError } from "@parley/caller";
import { VoiceAgentError } from "@parley/voice-agent";
import type { BridgePlan } from "./plan.ts";

export const notAgora =
  "This bridge joins channels of a Parley engine, not of Agora's own network: an App ID, a token or a client of Agora's cloud does not lead to them.";

/** One line for an error that somebody can act on; undefined for a bug. */
export function explain(error: unknown, plan: BridgePlan): string | undefined {
  if (error instanceof CallerError) return channelFault(error, plan);
  if (error instanceof VoiceAgentError) return endpointFault(error, plan);
  return undefined;
}

function channelFault({ code, message, remedy }: CallerError, { engine, appId, channel, uid }: BridgePlan): string {
  switch (code) {
    case "uid-taken":
      return `${message}. The bot needs a uid of its own in channel ${channel}: choose another with --uid or AGORA_BOT_UID, and let no client join as ${uid}.`;
    case "unknown-app":
      return `${message}. App ID ${appId} is none of the engine's at ${engine}: use the one that it shows at start. ${notAgora}`;
    case "token-missing":
      return `${message}. The project has a certificate: set AGORA_APP_CERTIFICATE or PARLEY_APP_CERTIFICATE to it.`;
    case "token-foreign":
    case "token-malformed":
    case "token-mismatch":
    case "token-privilege":
      return `${message}. App ID and certificate must be those of one project of the engine at ${engine}: look at AGORA_APP_ID and AGORA_APP_CERTIFICATE. ${notAgora}`;
    case "token-expired":
      return `${message}. The clocks of this machine and the engine's differ.`;
    case "unreachable":
      return `${message}. Start the engine (npm start), or name it with --engine. ${notAgora}`;
    default:
      return `${message}. ${remedy}`;
  }
}

function endpointFault({ code, message, remedy }: VoiceAgentError, { url, apiKeyName }: BridgePlan): string {
  const { host } = new URL(url);
  switch (code.toLowerCase()) {
    case "unauthorized":
      return `${host} refused the key (UNAUTHORIZED: ${message}). It is missing, expired or wrong there: look at ${apiKeyName}.`;
    case "forbidden":
      return `${host} refuses this to the key (FORBIDDEN: ${message}). Look at the account of ${apiKeyName}.`;
    case "connect-failed":
    case "connect-timeout":
      return `${host} cannot be reached: ${message} Check --url, and that no firewall or proxy holds WebSockets back.`;
    default:
      return `${host}: ${code}: ${message} ${remedy}`;
  }
}

/** What to do about an error that the endpoint tells while the call goes on. */
export function sessionHint(code: string): string {
  switch (code.toLowerCase()) {
    case "audio_rate_mismatch":
      return "The endpoint hears the wrong sample rate (voices sound chipmunky or sluggish to it): let the session file set no input.format, the bridge sends 24 kHz PCM then.";
    case "audio_rate_violation":
      return "The endpoint takes less audio than real time: this machine may have stalled and caught up.";
    case "invalid_audio":
      return "The endpoint cannot read the audio: let the session file set no input.format.";
    default:
      return "The call goes on.";
  }
}

export function echoHint(uid: string): string {
  return (
    `what ${uid} said repeats the agent, which interrupts itself: a loudspeaker is in reach of a microphone. ` +
    "Headphones help, or getUserMedia({ audio: { echoCancellation: true } })."
  );
}
