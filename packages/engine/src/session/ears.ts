/** The agent's ears: one for each person, opened by their first frame. */
import type { Frame } from "../core/frame.ts";
import type { SpeechGateSettings } from "../core/speech-gate.ts";
import { Ear, type EarParts } from "./ear.ts";
import type { OpenVad } from "./vad.ts";

export interface EarsParts extends Omit<EarParts, "vad" | "onSpeech" | "onTranscript"> {
  readonly openVad: OpenVad;
  readonly onSpeech: (uid: string, ...speech: Parameters<EarParts["onSpeech"]>) => void;
  readonly onTranscript: (uid: string, ...transcript: Parameters<EarParts["onTranscript"]>) => void;
}

export class Ears implements AsyncDisposable {
  readonly #parts: EarsParts;
  readonly #ears = new Map<string, Ear>();
  readonly #closing = new Set<Promise<void>>();
  #gate: SpeechGateSettings;

  constructor(parts: EarsParts) {
    this.#parts = parts;
    this.#gate = parts.gate;
  }

  /** For all ears, from the next window on. */
  set gate(settings: SpeechGateSettings) {
    this.#gate = settings;
    for (const ear of this.#ears.values()) ear.gate = settings;
  }

  hear(frame: Frame): void {
    let ear = this.#ears.get(frame.uid);
    if (ear === undefined) {
      const { uid } = frame;
      ear = new Ear({
        ...this.#parts,
        gate: this.#gate,
        vad: this.#parts.openVad(),
        onSpeech: (decision) => this.#parts.onSpeech(uid, decision),
        onTranscript: (transcript) => this.#parts.onTranscript(uid, transcript),
      });
      this.#ears.set(uid, ear);
    }
    ear.hear(frame);
  }

  /** That person's turn is over: their recogniser shall give its final. */
  endUtterance(uid: string): void {
    this.#ears.get(uid)?.endUtterance();
  }

  /** They have left. */
  close(uid: string): void {
    const ear = this.#ears.get(uid);
    if (ear === undefined) return;
    this.#ears.delete(uid);
    const closing = ear[Symbol.asyncDispose]().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const uid of this.#ears.keys()) this.close(uid);
    await Promise.all(this.#closing);
  }
}
