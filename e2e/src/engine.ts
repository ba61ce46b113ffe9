/** The engine as users start it: its own process, a free port, an empty data folder. */
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

/** Loading the models, on two busy cores. */
const readyTimeoutMs = 60_000;
const pollMs = 100;
/** Lines of the log that a failure shows. */
const maxLogLines = 60;

export interface RunningEngine extends AsyncDisposable {
  /** Where it listens, as it says itself. */
  readonly url: string;
  /** What the command says that users type after `npx`, with this engine's credentials. */
  command(...words: readonly string[]): Promise<string>;
  /** The same for a command that goes on until it is told to end; its notes stand between the lines of the test. */
  spawn(...words: readonly string[]): ChildProcessByStdio<null, Readable, null>;
  /** Ends it as a service manager would; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/** Starts it and waits until it can take calls. `folder`: its data, which stay; absent: an empty one, which goes with it. */
export async function startEngine(environment: Readonly<Record<string, string>> = {}, folder?: string): Promise<RunningEngine> {
  const data = folder ?? (await mkdtemp(join(tmpdir(), "parley-e2e-")));
  const cli = new URL("../../packages/engine/src/cli/parley.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=source", cli, "start"], {
    env: { ...process.env, PORT: "0", PARLEY_RTC__UDP_PORT: "0", PARLEY_DATA_DIR: data, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const log: string[] = [];
  const note = (line: string): void => {
    log.push(line);
    if (log.length > maxLogLines) log.shift();
  };
  createInterface({ input: child.stderr }).on("line", note);
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await exited;
    if (folder === undefined) await rm(data, { recursive: true, force: true });
    return child.exitCode;
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  try {
    const url = await Promise.race([
      spokenUrl(createInterface({ input: child.stdout }), note),
      exited.then(() => Promise.reject(new Error(`it ended with ${child.exitCode}`))),
    ]);
    await untilReady(url);
    const env = { ...process.env, PARLEY_DATA_DIR: data, ...environment };
    const command = async (...words: readonly string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=source", cli, ...words], { env });
      return stdout.trim();
    };
    const begin: RunningEngine["spawn"] = (...words) =>
      spawn(process.execPath, ["--conditions=source", cli, ...words], { env, stdio: ["ignore", "pipe", "inherit"] });
    return { url, command, spawn: begin, stop, kill, [Symbol.asyncDispose]: async () => void (await stop()) };
  } catch (error) {
    await stop();
    throw new Error(`the engine did not start; its last lines:\n${log.join("\n")}`, { cause: error });
  }
}

async function spokenUrl(lines: AsyncIterable<string>, note: (line: string) => void): Promise<string> {
  for await (const line of lines) {
    note(line);
    const url = /Parley is ready on (http\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("it never said where it listens");
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  for (;;) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.ok === true) return;
    if (performance.now() > deadline) throw new Error(`not ready within ${readyTimeoutMs} ms: ${await response?.text()}`);
    await wait(pollMs);
  }
}
