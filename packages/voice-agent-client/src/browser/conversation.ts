/** An agent with a microphone and a loudspeaker: what every page would wire up in the same way. */
import type { VoiceAgentError } from "../errors.ts";
import type { VoiceAgent } from "../voice-agent.ts";
import type { WorkletOptions } from "./audio-context.ts";
import { type Microphone, openMicrophone } from "./microphone.ts";
import { type Heard, openSpeaker, type Speaker } from "./speaker.ts";

export interface ConversationOptions extends WorkletOptions {
  readonly deviceId?: string;
  /** Level of each 20 ms from the microphone, 0 to 1. */
  readonly onLevel?: (level: number) => void;
  /** How much of a reply was heard: words whose `end_ms` lies before it. */
  readonly onHeard?: (heard: Heard) => void;
  /** The microphone has gone in mid-call. */
  readonly onLost?: (error: VoiceAgentError) => void;
}

export class Conversation {
  readonly microphone: Microphone;
  readonly speaker: Speaker;
  readonly #off: readonly (() => void)[];

  constructor(agent: VoiceAgent, microphone: Microphone, speaker: Speaker) {
    this.microphone = microphone;
    this.speaker = speaker;
    this.#off = [
      agent.on("reply.audio", ({ pcm, reply_id: replyId }) => speaker.play(pcm, replyId)),
      // The user has the floor: what waits is not to be heard any more.
      agent.on("input.speech.started", () => speaker.flush()),
      agent.on("reply.done", ({ status }) => {
        if (status === "interrupted") speaker.flush();
      }),
      agent.on("restarted", () => speaker.flush()),
      agent.on("closed", () => void this.close()),
      agent.on("lost", () => void this.close()),
    ];
  }

  mute(muted: boolean): void {
    this.microphone.mute(muted);
  }

  /** Gives microphone and loudspeaker back. Happens by itself when the session is over. */
  async close(): Promise<void> {
    for (const off of this.#off) off();
    await Promise.all([this.microphone.close(), this.speaker.close()]);
  }
}

/**
 * Opens microphone and loudspeaker and connects them with an agent, at the default 24 kHz. Call it from a click, before
 * `agent.connect()`, so that neither the first word of the user's nor the greeting is lost.
 * @throws VoiceAgentError as `openMicrophone` and `openSpeaker` do
 */
export async function openConversation(agent: VoiceAgent, options: ConversationOptions = {}): Promise<Conversation> {
  const speaker = await openSpeaker(options);
  try {
    const microphone = await openMicrophone({
      ...options,
      onAudio: (pcm, level) => {
        agent.sendAudio(pcm);
        options.onLevel?.(level);
      },
    });
    return new Conversation(agent, microphone, speaker);
  } catch (error) {
    await speaker.close();
    throw error;
  }
}
