import { createRequire } from "node:module";
import { deflateSync } from "node:zlib";
import { RtcRole, RtcTokenBuilder, RtmTokenBuilder } from "agora-token";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { buildToken, parseToken, verifyChannelToken, verifyRtmToken, verifyToken } from "./tokens.ts";

interface ForeignToken {
  from_string(token: string): boolean;
  verifySignature(certificate: string): boolean;
  getServices(type: number): { __channel_name?: Buffer; __uid?: Buffer; __user_id?: Buffer; __privileges: Record<string, number> }[];
}
const { AccessToken2 } = createRequire(import.meta.url)("agora-token/src/AccessToken2") as { AccessToken2: new () => ForeignToken };

const appId = "0123456789abcdef0123456789abcdef";
const certificate = "fedcba9876543210fedcba9876543210";
const project = { appId, certificate };
const now = Math.floor(Date.now() / 1000) * 1000;
const own = (options: Partial<Parameters<typeof buildToken>[0]> = {}): string =>
  buildToken({ ...project, channel: "room", uid: "1002", expireSeconds: 3600, now, ...options });

function refusal(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

test("Agora's builder makes tokens that are accepted here", () => {
  const token = RtcTokenBuilder.buildTokenWithUid(appId, certificate, "room", 1002, RtcRole.PUBLISHER, 600, 600);
  const grant = verifyChannelToken(token, project, { channel: "room", uid: "1002", needs: ["publishAudio", "publishData"] }, now);
  expect(grant.uid).toBe("1002");
  expect(grant.expiresAt).toBeGreaterThan(now + 590_000);
  const both = RtcTokenBuilder.buildTokenWithRtm(appId, certificate, "room", "friday", RtcRole.PUBLISHER, 600, 600);
  expect(verifyChannelToken(both, project, { channel: "room", uid: "friday" }, now).uid).toBe("friday");
  verifyRtmToken(both, project, "friday", now);
  verifyRtmToken(RtmTokenBuilder.buildToken(appId, certificate, "friday", 600), project, "friday", now);
});

test("tokens built here are accepted by Agora's parser", () => {
  const foreign = new AccessToken2();
  expect(foreign.from_string(own())).toBe(true);
  expect(foreign.verifySignature(certificate)).toBe(true);
  expect(foreign.verifySignature(appId)).toBe(false);
  const [rtc] = foreign.getServices(1);
  expect([rtc?.__channel_name?.toString(), rtc?.__uid?.toString(), rtc?.__privileges]).toEqual([
    "room",
    "1002",
    { 1: 3600, 2: 3600, 3: 3600, 4: 3600 },
  ]);
  const [rtm] = foreign.getServices(2);
  expect([rtm?.__user_id?.toString(), rtm?.__privileges]).toEqual(["1002", { 1: 3600 }]);
});

test("any channel and uid of the permitted characters survives building and reading", () => {
  const text = fc.string({ unit: fc.constantFrom(..."abcXYZ019 !#$%&()+-:;<=.>?@[]^_{}|~,"), minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(
      text,
      text.filter((uid) => uid !== "0"),
      (channel, uid) => {
        expect(verifyChannelToken(own({ channel, uid }), project, { channel, uid }, now).uid).toBe(uid);
      },
    ),
  );
});

test("a token for uid 0 lets anybody in and names nobody", () => {
  const token = RtcTokenBuilder.buildTokenWithUid(appId, certificate, "room", 0, RtcRole.PUBLISHER, 600, 600);
  for (const grantToken of [token, own({ uid: "0" })]) {
    expect(verifyChannelToken(grantToken, project, { channel: "room", uid: "7" }, now).uid).toBeUndefined();
    expect(verifyChannelToken(grantToken, project, { channel: "room", uid: undefined }, now).uid).toBeUndefined();
  }
});

test("without a wanted uid the token says who it is", () => {
  expect(verifyChannelToken(own(), project, { channel: "room", uid: undefined }, now).uid).toBe("1002");
});

test("an expired token says when it expired", () => {
  const { code, message } = refusal(() =>
    verifyToken(own({ now: Date.UTC(2026, 0, 1), expireSeconds: 60 }), project, Date.UTC(2026, 0, 1, 0, 2)),
  );
  expect(code).toBe("token-expired");
  expect(message).toBe("The token expired at 2026-01-01T00:01:00.000Z, 60 s ago.");
});

test("a privilege that ends before its token ends is expired by itself", () => {
  const token = RtcTokenBuilder.buildTokenWithUid(appId, certificate, "room", 5, RtcRole.PUBLISHER, 3600, 60);
  const { code, message } = refusal(() => verifyChannelToken(token, project, { channel: "room", uid: "5" }, now + 120_000));
  expect([code, message.includes("privilege 1 (join)")]).toEqual(["token-expired", true]);
  verifyToken(token, project, now + 120_000);
});

test("a token from the future says that a clock is wrong", () => {
  expect(refusal(() => verifyToken(own({ now: now + 3_600_000 }), project, now)).message).toMatch(/3600 s in the future/);
  verifyToken(own({ now: now + 60_000 }), project, now);
});

test("foreign, mismatched and powerless tokens say what is wrong", () => {
  const other = "aaaabbbbccccddddaaaabbbbccccdddd";
  expect(refusal(() => verifyToken(own({ appId: other }), project, now))).toEqual({
    code: "token-foreign",
    message: `The token belongs to App ID ${other}, this is project ${appId}.`,
  });
  expect(refusal(() => verifyToken(own({ certificate: other }), project, now)).message).toMatch(
    /not signed with this project's certificate/,
  );
  const wanted = { channel: "room", uid: "1002" };
  expect(refusal(() => verifyChannelToken(own({ channel: "hall" }), project, wanted, now))).toEqual({
    code: "token-mismatch",
    message: 'The token is for channel "hall", not for "room".',
  });
  expect(refusal(() => verifyChannelToken(own({ uid: "7" }), project, wanted, now))).toEqual({
    code: "token-mismatch",
    message: 'The token for channel "room" is for uid "7", not for "1002".',
  });
  const listener = own({ publish: false });
  expect(verifyChannelToken(listener, project, wanted, now).publishUntil).toBe(0);
  expect(refusal(() => verifyChannelToken(listener, project, { ...wanted, needs: ["publishAudio"] }, now)).message).toMatch(
    /lacks the privilege 2 \(publishAudio\)/,
  );
  const rtmOnly = RtmTokenBuilder.buildToken(appId, certificate, "1002", 600);
  expect(refusal(() => verifyChannelToken(rtmOnly, project, wanted, now)).message).toMatch(/no RTC service/);
  expect(refusal(() => verifyRtmToken(own({ uid: "0" }), project, "1002", now)).message).toMatch(/no RTM service/);
  expect(refusal(() => verifyRtmToken(own(), project, "1003", now)).message).toMatch(/for user "1002", not for "1003"/);
});

test("one flipped bit anywhere makes a token malformed or foreign", () => {
  const bytes = Buffer.from(own().slice(3), "base64");
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const outcome = (() => {
        try {
          const token = verifyToken(`007${flipped.toString("base64")}`, project, now);
          // zlib's header holds bits that do not change what comes out.
          return token.signed.equals(parseToken(`007${bytes.toString("base64")}`).signed) ? "same" : "forged";
        } catch (error) {
          return (error as AppError).code;
        }
      })();
      expect(["token-malformed", "token-foreign", "same"]).toContain(outcome);
    }),
  );
});

test("text that is no token is malformed, whatever it is", () => {
  const bomb = `007${deflateSync(Buffer.alloc(1024 * 1024)).toString("base64")}`;
  for (const text of [
    "",
    "007",
    "x",
    "006abc",
    bomb,
    `007${"A".repeat(5000)}`,
    `007${deflateSync(Buffer.from([255, 255])).toString("base64")}`,
  ]) {
    expect(refusal(() => parseToken(text)).code).toBe("token-malformed");
  }
  fc.assert(fc.property(fc.string(), (text) => refusal(() => parseToken(text)).code === "token-malformed"));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        parseToken(`007${deflateSync(bytes).toString("base64")}`);
      } catch (error) {
        expect((error as AppError).code).toBe("token-malformed");
      }
    }),
  );
});

test("a project without a valid certificate builds no token", () => {
  expect(() => own({ certificate: "" })).toThrow(/32 hexadecimal digits/);
});
