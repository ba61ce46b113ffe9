/** Progress bars while the models load: on a terminal only, gone when all is loaded. */
import type { LoadProgress } from "@parley/speech";
import progressBars from "cli-progress";

export interface Progress extends Disposable {
  readonly show: (progress: LoadProgress) => void;
  readonly stop: () => void;
}

const MEGABYTE = 1e6;

export function openProgress(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { show: () => undefined, stop: () => undefined, [Symbol.dispose]: () => undefined };
  const bars = new progressBars.MultiBar(
    { stream, format: "  {part} {bar} {value}/{total} MB", barsize: 24, clearOnComplete: true, hideCursor: true, autopadding: true },
    progressBars.Presets.rect,
  );
  const byPart = new Map<string, progressBars.SingleBar>();
  const width = 16;
  const megabytes = (bytes: number): number => Math.round(bytes / MEGABYTE);
  const stop = (): void => bars.stop();
  return {
    show({ part, loadedBytes, totalBytes }) {
      const bar = byPart.get(part) ?? bars.create(megabytes(totalBytes), 0, { part: part.padEnd(width) });
      byPart.set(part, bar);
      bar.update(megabytes(loadedBytes), { part: part.padEnd(width) });
    },
    stop,
    [Symbol.dispose]: stop,
  };
}
