import fc from "fast-check";
import { expect, test } from "vitest";
import type { Project } from "../../projects/project.ts";
import { ProjectSecrets } from "../../projects/project-secrets.ts";
import { ApiKeys } from "./api-keys.ts";
import { VoiceTokens } from "./tokens.ts";

const now = 1_790_000_000_000;
const secrets = new ProjectSecrets({ local: Buffer.alloc(32, 1), shared: false });

function project(appId: string, apiKeys: readonly string[], certificate = "fedcba9876543210fedcba9876543210"): Project {
  return { appId, certificate, customers: [], apiKeys, limits: {}, defaults: { asr: {}, maxHistory: 10 }, webhooks: [] };
}

const ours = project("0123456789abcdef0123456789abcdef", ["first key", "second key"]);
const theirs = project("11111111111111111111111111111111", ["their key"]);
const wish = { expiresInSeconds: 60, maxSessionDurationSeconds: 10_800 };

function open(projects: readonly Project[] = [ours, theirs], options: { reusable?: boolean; secrets?: ProjectSecrets } = {}) {
  const keys = new ApiKeys(projects, options.secrets ?? secrets);
  const keyId = (text: string) => keys.find(text)?.keyId ?? "";
  return { keys, keyId, tokens: new VoiceTokens({ keys, reusable: options.reusable ?? false }) };
}

function minted({ tokens, keyId }: ReturnType<typeof open>, text = "first key", of = ours): string {
  return tokens.mint(of, keyId(text), wish, now).token;
}

test("an API key opens its project, and no other text does", () => {
  const { keys } = open();
  expect(keys.find("second key")?.project).toBe(ours);
  expect(keys.find("their key")?.project).toBe(theirs);
  for (const text of ["", "first key ", "first", ours.appId]) expect(keys.find(text)).toBeUndefined();
});

test("a token says whose it is, how long its session may be, and until when it is good", () => {
  const door = open();
  const { token, expiresAt } = door.tokens.mint(
    ours,
    door.keyId("second key"),
    { expiresInSeconds: 60, maxSessionDurationSeconds: 90 },
    now,
  );
  expect(expiresAt).toBe(now + 60_000);
  expect(door.tokens.check(token, now)).toMatchObject({ ok: true, project: ours, maxSessionDurationSeconds: 90, expiresAt });
  expect(door.tokens.check(token, expiresAt - 1).ok).toBe(true);
  expect(door.tokens.check(token, expiresAt)).toEqual({ ok: false, why: "expired" });
  expect(token).not.toContain("key");
  expect(token).toMatch(/^[\w-]+$/);
});

test("a token opens one session: whoever is second is refused, and looking at it does not use it up", () => {
  const { tokens, ...door } = open();
  const check = tokens.check(minted({ tokens, ...door }), now);
  if (!check.ok) throw new Error(check.why);
  expect(tokens.check(minted({ tokens, ...door }), now).ok).toBe(true);
  expect(tokens.spend(check.nonce, check.expiresAt, now)).toBe(true);
  expect(tokens.spend(check.nonce, check.expiresAt, now)).toBe(false);
});

test("a used token is known as used, also to a socket that was ready after its window", () => {
  const door = open();
  const token = minted(door);
  const check = door.tokens.check(token, now + 59_999);
  if (!check.ok) throw new Error(check.why);
  expect(door.tokens.spend(check.nonce, check.expiresAt, now + 70_000)).toBe(true);
  expect(door.tokens.spend(check.nonce, check.expiresAt, now + 80_000)).toBe(false);
  const other = open();
  other.tokens.remember([[check.nonce, now + 120_000]]);
  expect(other.tokens.check(token, now)).toEqual({ ok: false, why: "used" });
});

test("used nonces are forgotten once nobody could use them again", () => {
  const { tokens } = open();
  expect(tokens.spend("nonce", now + 1000, now)).toBe(true);
  expect(tokens.spend("nonce", now + 1000, now + 60_999)).toBe(false);
  // A sweep comes at most once a minute.
  expect(tokens.spend("nonce", now + 1000, now + 121_000)).toBe(true);
});

test("where no more nonces can be remembered no token opens a session, until some expire", () => {
  const { tokens } = open();
  for (let index = 0; index < 100_000; index += 1) tokens.spend(String(index), now, now);
  expect(tokens.spend("one more", now, now)).toBe(false);
  expect(tokens.spend("one more", now + 60_000, now + 60_000)).toBe(true);
});

test("with reusable tokens any number of sessions is opened", () => {
  const { tokens } = open([ours], { reusable: true });
  expect(tokens.spend("nonce", now + 1000, now)).toBe(true);
  expect(tokens.spend("nonce", now + 1000, now)).toBe(true);
});

test("tokens are good after a restart and on another engine, and die with their API key or the engine's secret", () => {
  const token = minted(open());
  expect(open().tokens.check(token, now).ok).toBe(true);
  expect(open([theirs, project(ours.appId, ["second key", "first key"])]).tokens.check(token, now).ok).toBe(true);
  const unknown = { ok: false, why: "unknown" };
  expect(open([project(ours.appId, ["second key"])]).tokens.check(token, now)).toEqual(unknown);
  expect(open([project(theirs.appId, ["first key"])]).tokens.check(token, now)).toEqual(unknown);
  expect(open([ours], { secrets: new ProjectSecrets({ local: Buffer.alloc(32, 2), shared: false }) }).tokens.check(token, now)).toEqual(
    unknown,
  );
});

test("no project mints with another's key", () => {
  const { tokens, keyId } = open();
  expect(() => tokens.mint(ours, keyId("their key"), wish, now)).toThrow(RangeError);
  expect(() => tokens.mint(ours, "0000000000000000", wish, now)).toThrow(RangeError);
});

test("a token with any other character in any place is refused", () => {
  const door = open();
  const token = minted(door);
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(..."abcXYZ019-_.=/ "), (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      expect(door.tokens.check(changed, now).ok).toBe(changed === token);
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => !door.tokens.check(text, now).ok && !door.tokens.check(`pvt1_${text}`, now).ok),
  );
});
