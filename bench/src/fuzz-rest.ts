/** `npm run fuzz:rest`: throws requests made from the OpenAPI document at a running engine, and looks for answers that it does not promise. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomInt } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Caller } from "@parley/caller";
import { buildToken } from "@parley/engine/call";
import { restClient } from "@parley/rest";
import { EngineProcess, project } from "./engine-process.ts";
import { pythonWith, run } from "./python.ts";

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

const folder = mkdtempSync(join(tmpdir(), "parley-fuzz-"));
try {
  const { bin } = await pythonWith("schemathesis", SCHEMATHESIS);
  process.exitCode = await fuzz(join(bin, "schemathesis"));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** First a call that goes on while everything is said to its agent; then agents that come and go; then the REST beside the Voice Agent socket. */
async function fuzz(program: string): Promise<number> {
  // Agents that nobody joins go soon; addresses that were made up are not called.
  const nowhere = "http://127.0.0.1:9";
  const apiKey = "fuzz-rest-api-key";
  await using engine = await EngineProcess.start({
    vendors: "embedded",
    env: {
      PARLEY_API_KEY: apiKey,
      PARLEY_FIRST_USER_TIMEOUT: "3",
      PARLEY_DRAIN_MS: "1000",
      HTTP_PROXY: nowhere,
      HTTPS_PROXY: nowhere,
      NO_PROXY: "",
    },
  });
  console.error(`Again with: npm run fuzz:rest -- --seed ${values.seed} --seconds ${values.seconds}`);
  const share = Math.max(1, Math.floor(Number(values.seconds) / 4));
  const [{ id, secret }] = project.customers;
  const customer = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  const talking = await holdCall(engine.url);
  const codes = [
    await throwAt(program, engine.url, {
      paths: "^/api/",
      authorization: customer,
      seconds: 2 * share,
      parameters: { appid: project.appId, agentId: talking.agentId },
      except: ["leave", "forgetAgent"],
    }),
  ];
  if (!(await talking.goesOn())) throw new Error("the call did not survive what was said to its agent");
  await talking[Symbol.asyncDispose]();
  codes.push(
    await throwAt(program, engine.url, {
      paths: "^/api/",
      authorization: customer,
      seconds: share,
      parameters: { appid: project.appId },
      except: [],
    }),
    await throwAt(program, engine.url, { paths: "^/v1/", authorization: `Bearer ${apiKey}`, seconds: share, parameters: {}, except: [] }),
  );
  return Math.max(...codes);
}

interface Volley {
  /** A regular expression of those that are meant. */
  readonly paths: string;
  readonly authorization: string;
  readonly seconds: number;
  /** Values of path parameters; the others are made up, or come from earlier answers. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Operations that are left alone. */
  readonly except: readonly string[];
}

async function throwAt(program: string, url: string, { paths, authorization, seconds, parameters, except }: Volley): Promise<number> {
  const config = join(folder, "schemathesis.toml");
  const lines = Object.entries(parameters).map(([name, value]) => `"path.${name}" = "${value}"`);
  writeFileSync(config, `[parameters]\n${lines.join("\n")}\n`);
  const schemathesis = ["--config-file", config, "run", `${url}/openapi.json`, "--url", url, "--include-path-regex", paths];
  schemathesis.push("--header", `Authorization: ${authorization}`);
  for (const operation of except) schemathesis.push("--exclude-operation-id", operation);
  schemathesis.push("--seed", values.seed, "--max-time", String(seconds), "--checks", checks.join(","), "--request-timeout", "15");
  schemathesis.push("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off", "--no-color");
  return await run(program, schemathesis, { cwd: folder });
}

interface Talking extends AsyncDisposable {
  readonly agentId: string;
  /** Person and agent are still there. */
  goesOn(): Promise<boolean>;
}

/** One call with a person in it, for the endpoints that want an agent that runs. */
async function holdCall(url: string): Promise<Talking> {
  const channel = "fuzzed";
  const [{ id: customerId, secret: customerSecret }] = project.customers;
  const parley = restClient({ url, appId: project.appId, customerId, customerSecret });
  const { agent_id: agentId } = await parley.join({
    body: { name: channel, properties: { channel, token: "", agent_rtc_uid: "1001", remote_rtc_uids: ["*"], idle_timeout: 0 } },
  });
  const token = buildToken({ ...project, channel, uid: "7", expireSeconds: 24 * 3600, now: Date.now() });
  const caller = await Caller.join({ url, appId: project.appId, channel, uid: "7", token });
  let over = false;
  void caller.closed.then(() => (over = true));
  return {
    agentId,
    goesOn: async () => !over && (await parley.getAgent({ agentId })).status === "RUNNING",
    async [Symbol.asyncDispose]() {
      await caller[Symbol.asyncDispose]();
      await parley.leave({ agentId });
    },
  };
}
