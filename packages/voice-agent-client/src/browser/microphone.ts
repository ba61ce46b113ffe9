/** The person's microphone: 16-bit samples at the session's rate, in chunks of 20 ms, without the agent's own voice. */
import { VoiceAgentError } from "../errors.ts";
import { openContext, type WorkletOptions } from "./audio-context.ts";
import { deviceError } from "./device-error.ts";
import { type FromMicrophone, processorNames } from "./worklet-messages.ts";

export interface MicrophoneOptions extends WorkletOptions {
  /** One of `navigator.mediaDevices.enumerateDevices()`. Default: the browser's choice. */
  readonly deviceId?: string;
  /** Hertz. Default 24,000. */
  readonly sampleRate?: number;
  /** Each chunk; `level` is its root mean square, 0 to 1. Not called while muted. */
  readonly onAudio: (pcm: Int16Array, level: number) => void;
  /** The device has gone, or the permission. */
  readonly onLost?: (error: VoiceAgentError) => void;
}

export class Microphone {
  readonly #stream: MediaStream;
  readonly #context: AudioContext;
  #muted = false;

  constructor(stream: MediaStream, context: AudioContext) {
    this.#stream = stream;
    this.#context = context;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** Whether the browser takes the loudspeaker's sound out; null where it does not say. Without it the agent hears itself. */
  get echoCancelled(): boolean | null {
    const on = this.#stream.getAudioTracks()[0]?.getSettings().echoCancellation;
    return on === undefined ? null : on !== false;
  }

  /** Muted, nothing is sent: the agent counts the gap as silence. */
  mute(muted: boolean): void {
    this.#muted = muted;
    for (const track of this.#stream.getAudioTracks()) track.enabled = !muted;
  }

  async close(): Promise<void> {
    for (const track of this.#stream.getTracks()) track.stop();
    if (this.#context.state !== "closed") await this.#context.close();
  }
}

/**
 * Asks for the microphone. Call it from a click.
 * @throws VoiceAgentError `permission-denied`, `no-microphone`, `microphone-busy`, `insecure-context`, `unsupported-browser`, `worklet-refused`
 */
export async function openMicrophone(options: MicrophoneOptions): Promise<Microphone> {
  const stream = await requestStream(options.deviceId);
  try {
    return await capture(stream, options);
  } catch (error) {
    for (const track of stream.getTracks()) track.stop();
    throw deviceError(error);
  }
}

async function requestStream(deviceId: string | undefined): Promise<MediaStream> {
  if (!globalThis.isSecureContext) {
    throw new VoiceAgentError("insecure-context", `Browsers give no microphone to ${location.origin}: it is neither HTTPS nor localhost.`);
  }
  // Typed as always there; older browsers and some embedded ones lack it.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices === undefined) throw new VoiceAgentError("unsupported-browser", "This browser has no way to ask for the microphone.");
  const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
  if (deviceId !== undefined && deviceId !== "") audio.deviceId = { exact: deviceId };
  return await devices.getUserMedia({ audio }).catch((error: unknown) => {
    throw deviceError(error);
  });
}

async function capture(stream: MediaStream, options: MicrophoneOptions): Promise<Microphone> {
  const sampleRate = options.sampleRate ?? 24_000;
  const { context, source } = await openSource(stream, sampleRate, options);
  const node = new AudioWorkletNode(context, processorNames.microphone, {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit",
    processorOptions: { sampleRate },
  });
  const microphone = new Microphone(stream, context);
  node.port.onmessage = ({ data }: MessageEvent<FromMicrophone>) => {
    if (!microphone.muted) options.onAudio(data.pcm, data.level);
  };
  source.connect(node);
  // `ended` comes when the device is unplugged or the permission withdrawn, not from our own `stop`.
  stream.getAudioTracks()[0]?.addEventListener("ended", () => {
    options.onLost?.(new VoiceAgentError("no-microphone", "The microphone has gone."));
  });
  await context.resume();
  return microphone;
}

/** A context at the session's rate lets the browser resample. One that refuses to mix rates gets its own, and the worklet resamples. */
async function openSource(stream: MediaStream, sampleRate: number, options: WorkletOptions) {
  const context = await openContext(sampleRate, options);
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    await context.close();
    const own = await openContext(undefined, options);
    return { context: own, source: own.createMediaStreamSource(stream) };
  }
}
