/** The person's microphone: what was asked of the browser, what it granted, and which device it is. */
import { Emitter } from "./emitter.ts";
import { ParleyError } from "./errors.ts";

/** What the browser does to the signal, as its settings say; null where it does not say. */
export interface GrantedProcessing {
  readonly echoCancellation: boolean | null;
  readonly noiseSuppression: boolean | null;
  readonly autoGainControl: boolean | null;
}

export interface MicrophoneEvents {
  /** Another device is in use now; senders replace their track. */
  track: MediaStreamTrack;
  muted: boolean;
  /** The device has gone, and no other was found. */
  lost: ParleyError;
}

export interface InputDevice {
  readonly deviceId: string;
  readonly label: string;
}

export class Microphone {
  readonly #emitter = new Emitter<MicrophoneEvents>();
  #stream: MediaStream;
  #muted = false;
  #closed = false;

  constructor(stream: MediaStream) {
    this.#stream = stream;
    this.#watch();
  }

  get stream(): MediaStream {
    return this.#stream;
  }

  get track(): MediaStreamTrack {
    const [track] = this.#stream.getAudioTracks();
    if (track === undefined) throw new ParleyError("no-microphone", "The microphone's stream has no audio.");
    return track;
  }

  get deviceId(): string {
    return this.track.getSettings().deviceId ?? "";
  }

  get muted(): boolean {
    return this.#muted;
  }

  get granted(): GrantedProcessing {
    const settings = this.track.getSettings();
    return {
      echoCancellation: isOn(settings.echoCancellation),
      noiseSuppression: settings.noiseSuppression ?? null,
      autoGainControl: settings.autoGainControl ?? null,
    };
  }

  on<Type extends keyof MicrophoneEvents>(type: Type, handler: (event: MicrophoneEvents[Type]) => void): () => void {
    return this.#emitter.on(type, handler);
  }

  mute(muted: boolean): void {
    if (muted === this.#muted) return;
    this.#muted = muted;
    this.track.enabled = !muted;
    this.#emitter.emit("muted", muted);
  }

  /** Changes the device in mid-call, without renegotiation. Rejects, and keeps the old one, where that fails. */
  async use(deviceId: string): Promise<void> {
    this.#replace(await requestStream(deviceId));
  }

  close(): void {
    this.#closed = true;
    for (const track of this.#stream.getTracks()) track.stop();
  }

  #replace(stream: MediaStream): void {
    const old = this.#stream;
    this.#stream = stream;
    this.track.enabled = !this.#muted;
    for (const track of old.getTracks()) track.stop();
    if (this.#closed) return this.close();
    this.#watch();
    this.#emitter.emit("track", this.track);
  }

  /** `ended` comes when the device is unplugged or the permission withdrawn, not from our own `stop`. */
  #watch(): void {
    this.track.addEventListener("ended", () => void this.#fallBack(), { once: true });
  }

  async #fallBack(): Promise<void> {
    if (this.#closed) return;
    try {
      this.#replace(await requestStream(undefined));
    } catch (error) {
      this.#emitter.emit("lost", toParleyError(error));
    }
  }
}

/** Asks for the microphone. Rejects with `insecure-context`, `permission-denied`, `no-microphone` or `unsupported-browser`. */
export async function openMicrophone(deviceId?: string): Promise<Microphone> {
  return new Microphone(await requestStream(deviceId));
}

/** The microphones there are. Labels are empty until the permission was given once. */
export async function listMicrophones(): Promise<InputDevice[]> {
  if (!globalThis.isSecureContext || navigator.mediaDevices === undefined) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "audioinput").map(({ deviceId, label }) => ({ deviceId, label }));
}

async function requestStream(deviceId: string | undefined): Promise<MediaStream> {
  if (!globalThis.isSecureContext) {
    throw new ParleyError(
      "insecure-context",
      `Browsers give no microphone to ${location.origin}, because it is neither HTTPS nor localhost.`,
    );
  }
  if (navigator.mediaDevices === undefined || typeof RTCPeerConnection === "undefined") {
    throw new ParleyError("unsupported-browser", "This browser cannot make calls: it lacks getUserMedia or WebRTC.");
  }
  const processing: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  };
  const audio = deviceId === undefined || deviceId === "" ? processing : { ...processing, deviceId: { exact: deviceId } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw toParleyError(error);
  }
}

function toParleyError(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error;
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") {
    return new ParleyError("permission-denied", "The browser was not allowed to use the microphone.", { cause: error });
  }
  if (name === "NotSupportedError") {
    return new ParleyError("unsupported-browser", "This browser has no way to ask for the microphone.", { cause: error });
  }
  const detail = error instanceof Error && error.message !== "" ? ` (${error.message})` : "";
  return new ParleyError("no-microphone", `No microphone could be opened${detail}.`, { cause: error });
}

/** Browsers may name the kind of echo cancellation in place of true. */
function isOn(value: boolean | string | undefined): boolean | null {
  return value === undefined ? null : value !== false;
}
