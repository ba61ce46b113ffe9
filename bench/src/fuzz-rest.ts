/** `npm run fuzz:rest`: throws requests made from the OpenAPI document at a running engine, and looks for answers that it does not promise. */
import { type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomInt } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Caller } from "@parley/caller";
import { buildToken, startRestAgent } from "@parley/engine/call";
import { EngineProcess, project } from "./engine-process.ts";

const help = `Usage: npm run fuzz:rest -- [--seed N] [--seconds N]

  --seed      of the requests; a failing run prints it (default: another one each time)
  --seconds   how long (default 240)

It wants Python from 3.10 with venv (Debian: python3-venv) and fetches schemathesis from PyPI once.`;

const SCHEMATHESIS = "4.32.5";
const DEFAULT_SECONDS = "240";

/**
 * What an answer is held to. Left out are the checks whose verdict is about the document's completeness: a body that the
 * schema allows may still name a vendor that is not built.
 */
const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "ignored_auth",
  "missing_required_header",
];

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(randomInt(1_000_000_000)) },
    seconds: { type: "string", default: DEFAULT_SECONDS },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

/** Kept between runs, beside what npm brought. */
const environment = fileURLToPath(new URL(`../../node_modules/.cache/parley/schemathesis-${SCHEMATHESIS}`, import.meta.url));
const program = join(environment, "bin", "schemathesis");
const folder = mkdtempSync(join(tmpdir(), "parley-fuzz-"));
try {
  await prepare();
  process.exitCode = await fuzz();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function prepare(): Promise<void> {
  if (existsSync(program)) return;
  const made = await run("python3", ["-m", "venv", "--clear", environment]);
  if (made !== 0)
    throw new Error("python3 makes no virtual environment: install python3 and python3-venv (Debian: apt-get install python3-venv)");
  const installed = await run(join(environment, "bin", "pip"), [
    "install",
    "--quiet",
    "--disable-pip-version-check",
    `schemathesis==${SCHEMATHESIS}`,
  ]);
  if (installed !== 0) throw new Error(`schemathesis ${SCHEMATHESIS} could not be installed from PyPI`);
}

async function fuzz(): Promise<number> {
  // Agents that nobody joins go soon; addresses that were made up are not called.
  const nowhere = "http://127.0.0.1:9";
  await using engine = await EngineProcess.start({
    vendors: "embedded",
    env: { PARLEY_FIRST_USER_TIMEOUT: "3", PARLEY_DRAIN_MS: "1000", HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_PROXY: "" },
  });
  const [{ id, secret }] = project.customers;
  await using call = await holdCall(engine.url);
  const config = join(folder, "schemathesis.toml");
  writeFileSync(config, settings(call.agentId));
  console.error(
    `Seed ${values.seed}, ${values.seconds} s, ${engine.url}; again with: npm run fuzz:rest -- --seed ${values.seed} --seconds ${values.seconds}`,
  );
  const code = await run(
    program,
    [
      ...["--config-file", config, "run", `${engine.url}/openapi.json`, "--url", engine.url, "--auth", `${id}:${secret}`],
      ...["--seed", values.seed, "--max-time", values.seconds, "--checks", checks.join(","), "--request-timeout", "15"],
      ...["--generation-database", "none", "--suppress-health-check", "all", "--no-color"],
    ],
    { cwd: folder },
  );
  // Whoever is in a channel stays in it, whatever is sent to agents.
  if (call.over()) throw new Error("the person in the call was thrown out");
  return code;
}

/** One call with a person in it, for the endpoints that want an agent that runs. */
async function holdCall(url: string): Promise<AsyncDisposable & { readonly agentId: string; readonly over: () => boolean }> {
  const channel = "fuzzed";
  const { signal } = new AbortController();
  const agent = await startRestAgent({ url, project, channel, properties: { idle_timeout: 0 }, signal });
  const token = buildToken({ ...project, channel, uid: "7", expireSeconds: 24 * 3600, now: Date.now() });
  const caller = await Caller.join({ url, appId: project.appId, channel, uid: "7", token });
  let over = false;
  void caller.closed.then(() => (over = true));
  return {
    agentId: agent.agentId,
    over: () => over,
    async [Symbol.asyncDispose]() {
      await caller[Symbol.asyncDispose]();
      await agent[Symbol.asyncDispose]();
    },
  };
}

/** The operations that end an agent get ids that are made up, and those that `join` has answered with. */
function settings(agentId: string): string {
  const staying = ["speak", "interrupt", "think", "update", "history", "turns"];
  return `[parameters]
"path.appid" = "${project.appId}"

[[operations]]
include-operation-id = ${JSON.stringify(staying)}
parameters = { "path.appid" = "${project.appId}", "path.agentId" = "${agentId}" }
`;
}

async function run(command: string, parameters: readonly string[], options: SpawnOptions = {}): Promise<number> {
  const child = spawn(command, parameters, { stdio: ["ignore", "inherit", "inherit"], ...options });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
