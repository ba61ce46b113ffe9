/** Microphone and loudspeaker through whichever of sox and ALSA's tools is installed. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";

const raw = ["-q", "-t", "raw", "-r", "24000"];
const recorders = [
  ["rec", [...raw, "-e", "signed", "-b", "16", "-c", "1", "-"]],
  ["arecord", [...raw, "-f", "S16_LE", "-c", "1"]],
] as const;
const players = [
  ["play", [...raw, "-e", "signed", "-b", "16", "-c", "1", "-"]],
  ["aplay", [...raw, "-f", "S16_LE", "-c", "1"]],
] as const;

/** Calls `onAudio` with samples at 24 kHz until the signal aborts. */
export function record(onAudio: (pcm: Uint8Array) => void, signal: AbortSignal): void {
  const [command, args] = installed(recorders, "records: install sox or alsa-utils, or send a file with --in");
  const recorder = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], signal });
  recorder.on("error", (error) => {
    if (!signal.aborted) throw error;
  });
  recorder.stdout.on("data", (chunk: Buffer) => onAudio(chunk));
}

/** A loudspeaker at 24 kHz. What a player has taken cannot be taken back: to flush it is to start another. */
export class Player {
  readonly #command: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  constructor() {
    [this.#command, this.#args] = installed(players, "plays sound: install sox or alsa-utils, or write a file with --out");
  }

  play(pcm: Int16Array): void {
    this.#process ??= this.#start();
    this.#process.stdin?.write(Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength));
  }

  flush(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
  }

  /** Lets what it has taken sound to its end. */
  close(): void {
    this.#process?.stdin?.end();
  }

  #start(): ChildProcess {
    const player = spawn(this.#command, this.#args, { stdio: ["pipe", "ignore", "inherit"] });
    // Killed in mid-sound, it takes no more: that is what flush wants.
    player.stdin.on("error", () => undefined);
    return player;
  }
}

type Command = readonly [command: string, args: readonly string[]];

function installed(commands: readonly Command[], purpose: string): Command {
  const found = commands.find(([command]) => spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined);
  if (found === undefined) throw new Error(`nothing here ${purpose}`);
  return found;
}
