import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const engine = fileURLToPath(new URL("../../../packages/engine/src/cli/parley.ts", import.meta.url));
const example = fileURLToPath(new URL("main.ts", import.meta.url));
/** Loading the models takes seconds, on a busy machine many. */
const PATIENCE_MS = 120_000;

const project = {
  PARLEY_APP_ID: "a".repeat(32),
  PARLEY_APP_CERTIFICATE: "b".repeat(32),
  PARLEY_CUSTOMER_ID: "museum",
  PARLEY_CUSTOMER_SECRET: "secret",
};

function run(program: readonly string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=source", ...program], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return child;
}

/** Resolves with everything printed so far once it matches, or when it has ended. */
async function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  let out = "";
  for await (const text of child.stdout?.setEncoding("utf8") ?? []) {
    out += String(text);
    if (pattern.test(out)) break;
  }
  return out;
}

test("the example starts an agent, has it speak, reads what was said, and lets it go", { timeout: PATIENCE_MS }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const server = run([engine, "start"], {
    ...project,
    INIT_CWD: folder,
    PORT: "0",
    PARLEY_RTC__UDP_PORT: "0",
    PARLEY_LLM__DISCOVER: "off",
    PARLEY_LOG_LEVEL: "error",
  });
  const url = /ready on (\S+)/.exec(await printed(server, /\n/))?.[1] ?? "";

  const out = await printed(run([example], { ...project, PARLEY_URL: url }), /It has left\.\n/);

  expect(out.split("\n")).toEqual([
    expect.stringMatching(/^[A-Z0-9]{32} is RUNNING in the channel "museum"\.$/),
    "The text is spoken.",
    expect.stringMatching(/^Turn 1, api_speak: ok, \d+ ms\.$/),
    "assistant: Welcome to the museum. We close at six.",
    "It has left.",
    "",
  ]);
});

test("without credentials it says which are missing, and ends", async () => {
  const child = run([example], {});
  const code: unknown[] = await once(child, "exit");
  expect(code[0]).toBe(2);
});
