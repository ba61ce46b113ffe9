/** An engine in a process of its own, as `npm start` runs it, on free ports and with a data folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Inspection } from "./inspection.ts";

export interface EngineProcessOptions {
  /** `hosted`: speech vendors and language model simulated in the process, at 0 ms; `inspected`: embedded, and open to {@link EngineProcess.inspect}. */
  readonly vendors: "embedded" | "hosted" | "inspected";
  /** Kept from an earlier run for a warm start; absent: a new one. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The project that every benchmark uses: its tokens and its Basic credentials. */
export const project = {
  appId: "b0".repeat(16),
  certificate: "c0".repeat(16),
  customers: [{ id: "bench", secret: "bench" }],
  apiKeys: [],
  limits: {},
} as const;

const programs = {
  embedded: [fileURLToPath(import.meta.resolve("../../packages/engine/src/cli/parley.ts")), "start"],
  hosted: [fileURLToPath(new URL("./hosted-engine.ts", import.meta.url))],
  inspected: [fileURLToPath(new URL("./inspected-engine.ts", import.meta.url))],
} as const;

const READY_MS = 120_000;
const END_MS = 40_000;
const INSPECT_MS = 10_000;

export class EngineProcess implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to listening, and to ready. */
  readonly listeningMs: number;
  readonly readyMs: number;
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #keepsData: boolean;

  private constructor(
    child: ChildProcess,
    facts: { url: string; listeningMs: number; readyMs: number; dataDir: string; keepsData: boolean },
  ) {
    this.#child = child;
    this.#keepsData = facts.keepsData;
    this.pid = child.pid ?? 0;
    this.url = facts.url;
    this.listeningMs = facts.listeningMs;
    this.readyMs = facts.readyMs;
    this.dataDir = facts.dataDir;
  }

  static async start({ vendors, dataDir, env = {} }: EngineProcessOptions): Promise<EngineProcess> {
    const folder = dataDir ?? mkdtempSync(join(tmpdir(), "parley-bench-"));
    const begun = performance.now();
    const child = spawn(process.execPath, ["--conditions=source", "--expose-gc", ...programs[vendors]], {
      stdio: ["ignore", "pipe", "pipe", ...(vendors === "inspected" ? (["ipc"] as const) : [])],
      env: {
        ...process.env,
        HOST: "127.0.0.1",
        PORT: "0",
        PARLEY_DATA_DIR: folder,
        PARLEY_APP_ID: project.appId,
        PARLEY_APP_CERTIFICATE: project.certificate,
        PARLEY_CUSTOMER_ID: project.customers[0].id,
        PARLEY_CUSTOMER_SECRET: project.customers[0].secret,
        PARLEY_CAPACITY__EMBEDDED_CALLS: "200",
        PARLEY_LLM__DISCOVER: "off",
        ...env,
      },
    });
    const lines: string[] = [];
    let listeningMs: number | undefined;
    const ready = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("it did not say so in time")), READY_MS);
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        const url = /Parley is ready on (\S+)/.exec(text)?.[1];
        if (url === undefined) return;
        clearTimeout(timer);
        resolve(url);
      });
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        lines.push(text);
        if (text.includes('"listening"')) listeningMs ??= performance.now() - begun;
      });
      child.on("exit", (code) => reject(new Error(`it ended with ${code}`)));
    });
    try {
      const url = (await ready).replace("localhost", "127.0.0.1");
      const readyMs = performance.now() - begun;
      return new EngineProcess(child, {
        url,
        listeningMs: listeningMs ?? readyMs,
        readyMs,
        dataDir: folder,
        keepsData: dataDir !== undefined,
      });
    } catch (error) {
      child.kill("SIGKILL");
      const log = join(folder, "engine.log");
      writeFileSync(log, lines.join(""));
      throw new Error(`The engine did not become ready: ${error instanceof Error ? error.message : String(error)}; its log is in ${log}`, {
        cause: error,
      });
    }
  }

  /** What it holds on to right now. */
  async inspect(): Promise<Inspection> {
    const answered: Promise<unknown[]> = once(this.#child, "message", { signal: AbortSignal.timeout(INSPECT_MS) });
    this.#child.send("inspect");
    return Inspection.parse((await answered)[0]);
  }

  /** Ends the process as a service manager does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    await ended;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (!this.#keepsData) rmSync(this.dataDir, { recursive: true, force: true });
  }
}
