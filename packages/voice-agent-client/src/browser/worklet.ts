/** The worklet as a module, for pages whose Content-Security-Policy allows no `blob:`: serve it yourself and name it as `workletUrl`. */
import { CaptureSlicer } from "./capture-slicer.ts";
import { PlaybackRing } from "./playback-ring.ts";
import { registerProcessors } from "./register-processors.ts";
import { processorNames } from "./worklet-messages.ts";

registerProcessors(PlaybackRing, CaptureSlicer, processorNames);
