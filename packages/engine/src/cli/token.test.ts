import { expect, test } from "vitest";
import { ConfigError } from "../config.ts";
import { verifyChannelToken } from "../projects/tokens.ts";
import { FakeTerminal } from "./fake-terminal.ts";
import { UsageError } from "./command.ts";
import { token } from "./token.ts";

const project = { appId: "0123456789abcdef0123456789abcdef", certificate: "fedcba9876543210fedcba9876543210" };
const env = {
  PARLEY_APP_ID: project.appId,
  PARLEY_APP_CERTIFICATE: project.certificate,
  PARLEY_CUSTOMER_ID: "c",
  PARLEY_CUSTOMER_SECRET: "s",
  PARLEY_API_KEY: "k",
};

async function made(...args: string[]): Promise<string> {
  const terminal = new FakeTerminal(env);
  expect(await token.run(args, terminal)).toBe(0);
  return terminal.lines.join("\n");
}

test("the token opens its channel for its uid, for an hour", async () => {
  const text = await made("--channel", "demo", "--uid", "1002");
  const grant = verifyChannelToken(text, project, { channel: "demo", uid: "1002", needs: ["publishAudio"] }, Date.now());
  expect(grant.uid).toBe("1002");
  expect(grant.expiresAt - Date.now()).toBeGreaterThan(3_590_000);
  expect(() => verifyChannelToken(text, project, { channel: "other", uid: "1002" }, Date.now())).toThrow(/other/);
});

test("a token to listen does not let its holder speak", async () => {
  const text = await made("--channel", "demo", "--listen-only");
  expect(() => verifyChannelToken(text, project, { channel: "demo", uid: "5", needs: ["publishAudio"] }, Date.now())).toThrow(/privilege/);
});

test("--json says what was made", async () => {
  expect(JSON.parse(await made("--channel", "demo", "--json"))).toMatchObject({ appId: project.appId, channel: "demo", uid: "0" });
});

test.each([
  [[], /--channel is missing/],
  [["--channel", "ümlaut"], /--channel: "ümlaut": only letters/],
  [["--channel", "demo", "--expire", "0"], /--expire: "0" is not a whole number from 1 to 86400/],
  [["--channel", "demo", "--app-id", "x"], /--app-id: there is no project "x"; configured: 0123/],
  [["--chanel", "demo"], /--chanel/],
])("%j is a usage error that says what is allowed", async (args, message) => {
  const attempt = token.run(args, new FakeTerminal(env));
  await expect(attempt).rejects.toThrow(message);
  await expect(attempt).rejects.toBeInstanceOf(UsageError);
});

test("without credentials it says which are missing and how to get them", async () => {
  const attempt = token.run(["--channel", "demo"], new FakeTerminal());
  await expect(attempt).rejects.toThrow(/PARLEY_APP_ID.*npm start/);
  await expect(attempt).rejects.toBeInstanceOf(ConfigError);
});
