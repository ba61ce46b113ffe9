/** Parley's browser SDK: join a channel, talk, read the captions. */
export { Captions, type Caption, type CaptionWord } from "./captions.ts";
export { type Channel, type ChannelEvents, type ChannelState, joinChannel, type JoinOptions } from "./channel.ts";
export { ParleyError, type LocalErrorCode } from "./errors.ts";
export { Meter } from "./meter.ts";
export {
  type GrantedProcessing,
  type InputDevice,
  listMicrophones,
  type Microphone,
  type MicrophoneEvents,
  openMicrophone,
} from "./microphone.ts";
export type { PlayedPosition, Playback } from "./playback.ts";
export { toolkitEngines, type ToolkitChannel, type ToolkitEngines } from "./toolkit.ts";
