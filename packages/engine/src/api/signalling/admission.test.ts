import { expect, test } from "vitest";
import { AppError } from "../../errors.ts";
import type { Access } from "../../projects/access.ts";
import { buildToken } from "../../projects/tokens.ts";
import { admit } from "./admission.ts";

const closed = { appId: "0123456789abcdef0123456789abcdef", certificate: "fedcba9876543210fedcba9876543210" };
const open = { appId: "ffffffffffffffffffffffffffffffff", certificate: "" };
const projects = { find: (id: string) => [closed, open].find(({ appId }) => appId === id) };
const now = Date.UTC(2026, 0, 1);
const token = (uid: string) => buildToken({ ...closed, channel: "lobby", uid, expireSeconds: 60, now });
const ask = (uid: string, given: string, { appId } = closed) => admit(projects, { appId, channel: "lobby", uid, token: given }, now);

test("a token says who someone is; one for any uid lets them choose", () => {
  expect(ask("0", token("1001"))).toMatchObject({ uid: "1001", expiresAt: now + 60_000 });
  expect(ask("1001", token("1001")).uid).toBe("1001");
  expect(ask("7", token("0")).uid).toBe("7");
  expect(ask("0", token("0")).uid).toBe("0");
  expect(() => ask("1002", token("1001"))).toThrow(/for uid "1001", not for "1002"/);
});

test("a project without certificate takes an empty token or its App ID, and nothing else", () => {
  expect(ask("7", "", open)).toEqual({ uid: "7", expiresAt: Infinity, publishUntil: Infinity, dataUntil: Infinity });
  expect(ask("7", open.appId, open).uid).toBe("7");
  expect(() => ask("7", token("7"), open)).toThrow(/empty or the App ID/);
});

test("no token where one is needed, and an App ID that nobody has, are refused", () => {
  expect(() => ask("7", "")).toThrow(/needs a token/);
  expect(() => ask("7", "", { appId: "x", certificate: "" })).toThrow(/no project with App ID "x"/);
});

test("a suspended project, and one without channels, let nobody in, and say so to who has a token alone", () => {
  const shut = (access: Partial<Access>, given: string) =>
    refusalOf(() =>
      admit({ find: () => ({ ...closed, ...access }) }, { appId: closed.appId, channel: "lobby", uid: "7", token: given }, now),
    );
  expect(shut({ suspended: true }, token("7"))).toBe("project-suspended");
  expect(shut({ services: new Set(["rest"]) }, token("7"))).toBe("service-not-enabled");
  expect(shut({ services: new Set(["channels"]) }, token("7"))).toBeUndefined();
  expect(shut({ suspended: true }, "")).toBe("token-missing");
});

function refusalOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}
