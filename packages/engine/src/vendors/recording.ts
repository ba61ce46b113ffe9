/** A recording at an address that came over an API: fetched once, bounded in time and size, WAV or raw PCM. */
import { readWav, WavError } from "@parley/media";
import { AppError } from "../errors.ts";
import { type Network, reason, type Target } from "./network.ts";
import { PcmBytes } from "./pcm-bytes.ts";
import { hostOf, portOf } from "./proxy.ts";
import type { ChosenRecording, Recording } from "./vendor.ts";

/** Largest file: 87 s of 48 kHz mono. */
const mostBytes = 8 * 1_048_576;

/** Longest sound, in milliseconds: a file of few bytes a second would greet for hours. */
const mostMs = 600_000;

/** Bytes of another answer that are read away, so that its connection serves again. */
const mostErrorBytes = 65_536;

/** Whom errors name. */
const name = "the recording of the greeting";

/** How files begin that are sound, and no PCM. */
const otherSound: readonly (readonly [string, RegExp])[] = [
  // A tag, or the head of a frame of layer III with a bit rate that there is: a sample of -1 begins with ff, too.
  ["MP3", /^(?:ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][^\xf0-\xff])/],
  ["AAC", /^\xff[\xf0\xf1\xf8\xf9]/],
  ["Ogg", /^OggS/],
  ["FLAC", /^fLaC/],
  ["MP4", /^....ftyp/s],
  ["WebM", /^.E\xdf\xa3/s],
  ["AIFF", /^FORM/],
];

/** Resolves with the recording; rejects with an `AppError` that tells why there is none. */
export type FetchRecording = (signal: AbortSignal) => Promise<Recording>;

/** Throws an `AppError` for an address that is refused at once. */
export function recordingAt(network: Network, { url: address, timeoutMs, sampleRate }: ChosenRecording): FetchRecording {
  const url = new URL(address);
  const target: Target = { vendor: name, url, trusted: false };
  network.check("llm.greeting_audio_url", url);
  const fail = (what: string, details: { vendorCode?: number; cause?: unknown } = {}): AppError => {
    const message = `${name} at ${hostOf(url)}:${portOf(url)} ${what}`;
    return new AppError("vendor-failed", message, { ...details, own: message });
  };
  return async (signal) => {
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const { bytes, type } = await download(network, target, AbortSignal.any([signal, late]), fail);
      return decode(bytes, type, sampleRate, fail);
    } catch (error) {
      if (late.aborted && !signal.aborted) throw fail(`did not come within ${timeoutMs} ms`);
      if (error instanceof AppError) throw error;
      throw fail(`broke off: ${reason(error)}`, { cause: error });
    }
  };
}

type Fail = (what: string, details?: { vendorCode?: number }) => AppError;

async function download(
  network: Network,
  target: Target,
  signal: AbortSignal,
  fail: Fail,
): Promise<{ readonly bytes: Buffer; readonly type: string }> {
  const { statusCode, headers, body } = await network.request(target, { method: "GET", headers: { Accept: "audio/*" }, signal });
  if (statusCode !== 200) {
    body.dump({ limit: mostErrorBytes, signal }).catch(() => undefined);
    const redirect = statusCode >= 300 && statusCode < 400 ? "; redirects are not followed, give the final address" : "";
    throw fail(`answered with status ${statusCode}${redirect}`, { vendorCode: statusCode });
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    length += piece.length;
    // Leaving the loop closes the connection.
    if (length > mostBytes) throw fail(`has more than ${mostBytes} bytes`);
    pieces.push(piece);
  }
  return { bytes: Buffer.concat(pieces), type: String(headers["content-type"] ?? "").toLowerCase() };
}

/** A WAV file knows its rate; what is neither that nor something else that is known is raw PCM. */
function decode(bytes: Buffer, type: string, sampleRate: number, fail: Fail): Recording {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("RIFF")) {
    try {
      return heard(readWav(bytes), fail);
    } catch (error) {
      if (error instanceof WavError) throw fail(`cannot be read: ${error.message}`);
      throw error;
    }
  }
  const other =
    otherSound.find(([, begins]) => begins.test(head))?.[0] ?? /^(?:text\/|application\/(?:json|xml|xhtml))[^;]*/.exec(type)?.[0];
  if (other !== undefined) throw fail(`is ${other}; WAV, or raw PCM of 16 bits (mono, little-endian), can be played`);
  return heard({ pcm: new PcmBytes(sampleRate).push(bytes), sampleRate }, fail);
}

function heard(recording: Recording, fail: Fail): Recording {
  if (recording.pcm.length === 0) throw fail("holds no sound");
  const ms = (recording.pcm.length * 1000) / recording.sampleRate;
  if (ms > mostMs) throw fail(`is ${Math.round(ms / 1000)} s long, more than ${mostMs / 1000}`);
  return recording;
}
