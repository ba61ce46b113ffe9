/** Microphone and loudspeaker of a browser, for a `VoiceAgent`. */
export type { WorkletOptions } from "./audio-context.ts";
export { type Conversation, type ConversationOptions, openConversation } from "./conversation.ts";
export { type Microphone, type MicrophoneOptions, openMicrophone } from "./microphone.ts";
export { type Heard, openSpeaker, type Speaker, type SpeakerOptions } from "./speaker.ts";
