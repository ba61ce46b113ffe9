import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError, describeConfig, readConfig } from "./config.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "parley-config-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

const read = (env: Record<string, string> = {}, flags: Record<string, string> = {}) =>
  readConfig({ env, flags, cwd, credentials: "create" });
const write = (name: string, text: string) => writeFileSync(path.join(cwd, name), text);
const own = {
  PARLEY_APP_ID: "a".repeat(32),
  PARLEY_APP_CERTIFICATE: "b".repeat(32),
  PARLEY_CUSTOMER_ID: "me",
  PARLEY_CUSTOMER_SECRET: "mine",
};

test("without any setting the engine listens on loopback with credentials made once, that nobody else can read", () => {
  const first = read();
  const second = read();

  expect(first).toMatchObject({
    host: "127.0.0.1",
    port: 8080,
    loopback: true,
    dataDir: path.join(cwd, "data"),
    retentionDays: 7,
    drainMs: 30_000,
  });
  expect(first.generated).toEqual(new Set(["app_id", "app_certificate", "customer_id", "customer_secret", "api_key"]));
  expect(first.projects[0].appId).toMatch(/^[0-9a-f]{32}$/);
  expect(second.projects).toEqual(first.projects);
  expect(statSync(path.join(cwd, "data", "credentials.json")).mode & 0o777).toBe(0o600);
});

test("flags win over the environment, it over .env, and that over the file", () => {
  write("parley.yaml", "port: 1\nhost: 127.0.0.2\nlog_level: debug\ndrain_ms: 7\n");
  write(".env", "PORT=2\nHOST=127.0.0.3\nPARLEY_LOG_LEVEL=warn\n");
  const config = read({ PARLEY_CONFIG: "parley.yaml", PORT: "3", HOST: "127.0.0.4" }, { port: "4" });
  expect(config).toMatchObject({ port: 4, host: "127.0.0.4", logLevel: "warn", drainMs: 7 });
});

test("every setting can come from the environment by its path", () => {
  const config = read({
    PARLEY_RTC__UDP_PORT: "50010",
    PARLEY_RTC__ANNOUNCED_ADDRESSES: "192.0.2.1, 192.0.2.2",
    PARLEY_NETWORK__ALLOW: "[10.0.0.0/8]",
    PARLEY_KEEP_TRANSCRIPTS: "false",
    PARLEY_DEFAULTS__LLM: "{url: http://127.0.0.1:1234/v1/chat/completions, params: {model: x}}",
    PARLEY_DEFAULTS__MAX_HISTORY: "4",
  });
  expect(config.rtc).toMatchObject({ udpPort: 50010, announcedAddresses: ["192.0.2.1", "192.0.2.2"], bindAddress: "127.0.0.1" });
  expect(config.network.allow).toEqual(["10.0.0.0/8"]);
  expect(config.keepTranscripts).toBe(false);
  expect(config.projects[0].defaults).toMatchObject({
    maxHistory: 4,
    llm: { style: "openai", url: "http://127.0.0.1:1234/v1/chat/completions", params: { model: "x" } },
  });
});

test("projects come from the file, with customers, limits and defaults", () => {
  write(
    "parley.yaml",
    `projects:
  - app_id: ${"1".repeat(32)}
    app_certificate: ${"2".repeat(32)}
    customers: [{id: c, secret: s}]
    limits: {agents: 5, requests_per_second: 20}
    services: [rest]
    check_llm: true
    defaults: {asr: {es-ES: {vendor: deepgram, params: {key: k, model: nova-3}}}, max_history: 20}
  - app_id: ${"3".repeat(32)}
    app_certificate: ""
    suspended: true
`,
  );
  const { projects, generated } = read({ PARLEY_CONFIG: "parley.yaml" });
  expect(projects).toMatchObject([
    {
      appId: "1".repeat(32),
      customers: [{ id: "c", secret: "s" }],
      limits: { agents: 5, requestsPerSecond: 20 },
      services: new Set(["rest"]),
      suspended: false,
      checkLlm: true,
      defaults: { asr: { "es-ES": { vendor: "deepgram" } }, maxHistory: 20 },
    },
    { appId: "3".repeat(32), certificate: "", suspended: true, checkLlm: false },
  ]);
  expect(generated.size).toBe(0);
});

test("names of the operator's stand for recogniser, voice and language model", () => {
  const presets = (text: string) => read({ ...own, PARLEY_DEFAULTS__PRESETS: text });
  const config = presets("{openai_tts_1: {tts: {vendor: local}}, desk: {llm: {url: http://127.0.0.1:1/, api_key: hush-hush}}}");
  expect(config.projects[0].defaults.presets).toEqual({
    openai_tts_1: { tts: { vendor: "local", params: {} } },
    desk: { llm: { style: "openai", url: "http://127.0.0.1:1/", apiKey: "hush-hush", params: {}, headers: {} } },
  });
  expect(describeConfig(config)).not.toContain("hush-hush");
  expect(() => presets("{'a, b': {}}")).toThrow(/defaults\.presets.*has a name with a comma/);
  expect(() => presets("{a: {voice: {vendor: local}}}")).toThrow(/voice/);
});

test("webhooks come from the file or the environment; all events where none are named; a wrong one is told by its path", () => {
  const webhook = (text: string) => read({ ...own, PARLEY_WEBHOOKS: text });
  const { webhooks } = webhook(
    "[{url: https://hooks.example/a?b=c, secret: s}, {url: http://10.0.0.7:9000/, secret: t, events: [102, 103]}]",
  ).projects[0];
  expect(webhooks.map(({ url, secret, events }) => [url, secret, [...events]])).toEqual([
    ["https://hooks.example/a?b=c", "s", [101, 102, 103, 104, 110, 111, 112]],
    ["http://10.0.0.7:9000/", "t", [102, 103]],
  ]);
  expect(describeConfig(webhook("[{url: https://hooks.example, secret: hush-hush}]"))).not.toContain("hush-hush");
  expect(() => webhook("[{url: https://hooks.example, secret: s, events: [201]}]")).toThrow(/webhooks\[0\]\.events\[0\].*201.*101/);
  expect(() => webhook("[{url: ftp://hooks.example, secret: s}]")).toThrow(/webhooks\[0\]\.url.*no address to post to: write http/);
  expect(() => webhook("[{url: https://a.example, secret: s}, {url: https://a.example, secret: t}]")).toThrow(/one address twice/);
});

test("what is missing beside own credentials is generated on loopback", () => {
  const { projects, generated } = read({ PARLEY_APP_ID: own.PARLEY_APP_ID });
  expect(projects[0].appId).toBe(own.PARLEY_APP_ID);
  expect([...generated]).toEqual(["app_certificate", "customer_id", "customer_secret", "api_key"]);
});

test("an empty certificate turns tokens off, which loopback alone allows", () => {
  expect(read({ ...own, PARLEY_APP_CERTIFICATE: "" }).projects[0].certificate).toBe("");
  expect(() => read({ ...own, PARLEY_APP_CERTIFICATE: "", HOST: "0.0.0.0" })).toThrow(/has no certificate, so anybody could join/);
  expect(read({ ...own, PARLEY_APP_CERTIFICATE: "", HOST: "0.0.0.0", PARLEY_ALLOW_WITHOUT_TOKENS: "true" }).loopback).toBe(false);
});

test("another host than loopback is refused without credentials, with the reason", () => {
  expect(() => read({ HOST: "0.0.0.0", PARLEY_APP_ID: own.PARLEY_APP_ID })).toThrow(
    /HOST=0\.0\.0\.0 .* missing: PARLEY_APP_CERTIFICATE, PARLEY_CUSTOMER_ID, PARLEY_CUSTOMER_SECRET/,
  );
  expect(read({ ...own, HOST: "0.0.0.0" })).toMatchObject({ loopback: false, generated: new Set() });
});

test.each([
  [{ PARLEY_RTC__UDP_PROT: "1" }, 'PARLEY_RTC__UDP_PROT: there is no setting "rtc.udp_prot"; did you mean PARLEY_RTC__UDP_PORT?'],
  [{ PARLEY_DATADIR: "x" }, "did you mean PARLEY_DATA_DIR?"],
  [{ PORT: "eighty" }, 'port: "eighty" is a string; a number is expected (from PORT)'],
  [{ PORT: "70000" }, "port: 70000 is too large; at most 65535 is allowed (from PORT)"],
  [{ PARLEY_APP_ID: "abc" }, 'app_id: "abc" is not 32 hexadecimal digits (from PARLEY_APP_ID)'],
  [{ PARLEY_LOG_LEVEL: "warning" }, 'did you mean "warn"?'],
  [{ PARLEY_TLS_CERT: "x.pem" }, "belong together"],
  [{ PARLEY_CONFIG: "missing.yaml" }, "cannot be read"],
  [
    { DATABASE_URL: "mysql://me:pw@host/db" },
    "database_url: the value is no address of PostgreSQL, postgres://user:password@host:5432/database (from DATABASE_URL)",
  ],
])("%o is an error that helps", (env, message) => {
  expect(() => read(env as unknown as Record<string, string>)).toThrow(ConfigError);
  expect(() => read(env as unknown as Record<string, string>)).toThrow(message);
});

test("an unknown key in the file is an error that names the nearest, at any depth", () => {
  write("parley.yaml", `prot: 1\nprojects: [{app_id: ${"1".repeat(32)}, app_certificate: "", customer: []}]\n`);
  expect(() => read({ PARLEY_CONFIG: "parley.yaml" })).toThrow(
    /"projects\.0\.customer"; did you mean projects\.0\.customers\?.*"prot"; did you mean port\?/,
  );
});

test("secrets stay out of messages and out of print", () => {
  expect(() => read({ PARLEY_APP_CERTIFICATE: "not-hex-secret" })).toThrow(/^(?!.*not-hex-secret)/);
  const printed = describeConfig(read({ ...own, PARLEY_API_KEY: "top", PARLEY_DEFAULTS__LLM: "{url: http://x.example, api_key: sk-1}" }));
  for (const secret of [own.PARLEY_APP_CERTIFICATE, "mine", "top", "sk-1"]) expect(printed).not.toContain(`"${secret}"`);
  expect(JSON.parse(printed)).toMatchObject({ port: 8080, projects: [{ appId: own.PARLEY_APP_ID, certificate: "••••" }] });
});

test("the database's address is shown without who signs in there", () => {
  const config = read({ DATABASE_URL: "postgresql://parley:p%40ss@db.example:5433/calls?sslmode=require" });
  expect(config.databaseUrl).toBe("postgresql://parley:p%40ss@db.example:5433/calls?sslmode=require");
  expect(JSON.parse(describeConfig(config))).toMatchObject({ databaseUrl: "postgres://••••@db.example:5433/calls" });
});

test("a command that only reads finds the credentials of an earlier start, and says where they are missing", () => {
  expect(() => readConfig({ env: {}, cwd, credentials: "read" })).toThrow(/no credentials: .* there are none in/);
  const started = read();
  expect(readConfig({ env: {}, cwd, credentials: "read" }).projects).toEqual(started.projects);
  expect(JSON.parse(readFileSync(path.join(cwd, "data", "credentials.json"), "utf8"))).toMatchObject({ app_id: started.projects[0].appId });
});

test("an API key opens one project, whoever is asked", () => {
  const projects = (first: string, second: string) =>
    read({
      PARLEY_PROJECTS: `[{app_id: ${"c".repeat(32)}, app_certificate: ${"d".repeat(32)}, api_keys: [${first}]}, {app_id: ${"e".repeat(32)}, app_certificate: ${"f".repeat(32)}, api_keys: [${second}]}]`,
    });
  expect(projects("one", "two").projects.map(({ apiKeys }) => apiKeys)).toEqual([["one"], ["two"]]);
  expect(() => projects("the-same", "the-same")).toThrow("an API key is configured twice");
  expect(() => projects("the-same", "the-same")).not.toThrow("the-same");
});
