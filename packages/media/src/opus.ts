/** Opus for speech on libopus (WASM): 20 ms of mono in, packets out, and back. */
import { Application, createDecoder, createEncoder, Signal } from "libopus-wasm";
import type { SampleRate } from "libopus-wasm";

/** Length of the packets that we make, in milliseconds. */
const PACKET_MS = 20;
/** Speech is transparent from here on (RFC 7587, 3.1.1: 28–40 kbit/s for fullband speech). */
const BITRATE = 32_000;
/** Of 0 to 10: what a core pays per call and hardly an ear notices for speech. */
const COMPLEXITY = 5;

export interface OpusEncoder extends Disposable {
  /** Hertz. */
  readonly sampleRate: number;
  /** 20 ms in, one packet out, yours to keep. Throws RangeError for another length. */
  encode(pcm: Int16Array): Uint8Array;
  /** What receivers report, 0 to 1: above nothing, each packet carries a coarse copy of the one before (FEC). */
  setLoss(fraction: number): void;
}

/** What a receiver needs of a codec; see `receive.ts`. */
export interface PacketDecoder {
  /** Hertz of what comes out. */
  readonly sampleRate: number;
  /** Samples of a whole packet. Throws when it is no Opus. */
  decode(packet: Uint8Array): Int16Array;
  /** The `samples` right before a packet that has come, from the copy in it (FEC); null when it carries none. */
  recover(next: Uint8Array, samples: number): Int16Array | null;
  /** `samples` made up from what came before (PLC). */
  conceal(samples: number): Int16Array;
}

export interface OpusDecoder extends PacketDecoder, Disposable {}

/** `sampleRate`: 8000, 12000, 16000, 24000 or 48000 Hz; RTP counts at 48 kHz all the same. */
export async function openOpusEncoder(sampleRate: SampleRate = 24_000): Promise<OpusEncoder> {
  const samples = (sampleRate * PACKET_MS) / 1000;
  const encoder = await createEncoder({
    sampleRate,
    channels: 1,
    application: Application.Voip,
    signal: Signal.Voice,
    bitrate: BITRATE,
    complexity: COMPLEXITY,
    frameSize: samples,
    dtx: false,
    fec: false,
  });
  return {
    sampleRate,
    encode(pcm) {
      if (pcm.length !== samples) throw new RangeError(`Opus takes ${samples} samples (20 ms at ${sampleRate} Hz), not ${pcm.length}`);
      return encoder.encode(pcm);
    },
    setLoss(fraction) {
      const percent = Math.min(100, Math.max(0, Math.ceil(fraction * 100)));
      encoder.setFec(percent > 0);
      encoder.setPacketLossPercent(percent);
    },
    [Symbol.dispose]: () => encoder.free(),
  };
}

/** Decodes straight to `sampleRate`, mono. */
export async function openOpusDecoder(sampleRate: SampleRate = 16_000): Promise<OpusDecoder> {
  const decoder = await createDecoder({ sampleRate, channels: 1 });
  return {
    sampleRate,
    decode: (packet) => decoder.decode(packet),
    recover: (next, samples) => (hasFec(next) ? decoder.decode(next, { decodeFec: true, frameSize: samples }) : null),
    conceal: (samples) => decoder.decodePacketLoss(samples),
    [Symbol.dispose]: () => decoder.free(),
  };
}

/**
 * True when a packet carries a coarse copy of the one before: LBRR, which only the SILK part of Opus knows
 * (RFC 6716, 3.1 and 4.2.3–4.2.4: the flag follows one voice activity flag for each 20 ms).
 */
export function hasFec(packet: Uint8Array): boolean {
  const [toc, first] = packet;
  // Configurations from 16 on are CELT alone; frame counts 2 and 3 have lengths between the first byte and the flags.
  if (toc === undefined || first === undefined || toc >> 3 >= 16 || (toc & 0x03) > 1) return false;
  const frameMs = toc >> 3 < 12 ? [10, 20, 40, 60][(toc >> 3) & 0x03] : 20;
  const voiceFlags = frameMs === 60 ? 3 : frameMs === 40 ? 2 : 1;
  return ((first >> (7 - voiceFlags)) & 1) === 1;
}

/** Loads and compiles the codec: the first use stalls the loop for tens of milliseconds, so it belongs to the start. */
export async function warmUpOpus(): Promise<void> {
  using encoder = await openOpusEncoder();
  using decoder = await openOpusDecoder();
  encoder.setLoss(0.1);
  const tone = Int16Array.from({ length: 480 }, (_, index) => 8000 * Math.sin(index / 5));
  for (let count = 0; count < 50; count += 1) {
    const packet = encoder.encode(tone);
    decoder.recover(packet, 320);
    decoder.decode(packet);
    decoder.conceal(320);
  }
}
