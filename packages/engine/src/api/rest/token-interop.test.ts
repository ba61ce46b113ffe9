/** Tokens across both implementations: whatever Agora's published builders make opens our doors, and their parser reads ours. */
import { createRequire } from "node:module";
import {
  ApaasTokenBuilder,
  ChatTokenBuilder,
  ConvoAITokenBuilder,
  EducationTokenBuilder,
  FpaTokenBuilder,
  RtcRole,
  RtcTokenBuilder,
  RtmTokenBuilder,
} from "agora-token";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openDoor } from "./door-stage.ts";
import { buildToken, verifyChannelToken, verifyRtmToken, verifyToken } from "../../projects/tokens.ts";

interface ForeignToken {
  appId: Buffer | string;
  expire: number;
  from_string(token: string): boolean;
  verifySignature(certificate: string): boolean;
  getServices(type: number): { __channel_name?: Buffer; __uid?: Buffer; __user_id?: Buffer; __privileges: Record<string, number> }[];
}
const { AccessToken2 } = createRequire(import.meta.url)("agora-token/src/AccessToken2") as { AccessToken2: new () => ForeignToken };

const appId = "0123456789abcdef0123456789abcdef";
const certificate = "fedcba9876543210fedcba9876543210";
const project = { appId, certificate };
const now = Math.floor(Date.now() / 1000) * 1000;
const [s, role] = [600, RtcRole.PUBLISHER];

/** All builders of the package that join a channel as `friday` or 1002. */
const channelTokens: [string, string, string][] = [
  ["buildTokenWithUid", "1002", RtcTokenBuilder.buildTokenWithUid(appId, certificate, "room", 1002, role, s, s)],
  ["buildTokenWithUserAccount", "friday", RtcTokenBuilder.buildTokenWithUserAccount(appId, certificate, "room", "friday", role, s, s)],
  ["buildTokenWithUidAndPrivilege", "1002", RtcTokenBuilder.buildTokenWithUidAndPrivilege(appId, certificate, "room", 1002, s, s, s, s, s)],
  [
    "BuildTokenWithUserAccountAndPrivilege",
    "friday",
    RtcTokenBuilder.BuildTokenWithUserAccountAndPrivilege(appId, certificate, "room", "friday", s, s, s, s, s),
  ],
  ["buildTokenWithRtm", "friday", RtcTokenBuilder.buildTokenWithRtm(appId, certificate, "room", "friday", role, s, s)],
  [
    "buildTokenWithRtm2",
    "friday",
    RtcTokenBuilder.buildTokenWithRtm2(appId, certificate, "room", "friday", role, s, s, s, s, s, "friday", s),
  ],
  ["ConvoAI buildToken", "friday", ConvoAITokenBuilder.buildToken(appId, certificate, "room", "friday", role, s, s, s, s, s, "friday", s)],
];

/** Of the others none joins a channel, and all are signed by the project. */
const otherTokens: [string, string][] = [
  ["Rtm buildToken", RtmTokenBuilder.buildToken(appId, certificate, "friday", s)],
  ["Chat buildUserToken", ChatTokenBuilder.buildUserToken(appId, certificate, "friday", s)],
  ["Chat buildAppToken", ChatTokenBuilder.buildAppToken(appId, certificate, s)],
  ["Fpa buildToken", FpaTokenBuilder.buildToken(appId, certificate)],
  ["Education buildUserToken", EducationTokenBuilder.buildUserToken(appId, certificate, "friday", s)],
  ["Apaas buildAppToken", ApaasTokenBuilder.buildAppToken(appId, certificate, s)],
];

test.each(channelTokens)("%s lets its holder into the channel and publish", (_name, uid, token) => {
  const grant = verifyChannelToken(token, project, { channel: "room", uid, needs: ["publishAudio", "publishData"] }, now);
  expect(grant).toMatchObject({ uid });
  expect(grant.expiresAt).toBeGreaterThanOrEqual(now + s * 1000);
  expect(() => verifyChannelToken(token, project, { channel: "hall", uid }, now)).toThrow(/not for "hall"/);
});

test.each([...channelTokens.map(([name, , token]): [string, string] => [name, token]), ...otherTokens])(
  "%s signs in at the REST door, as server SDKs do with whatever token they have",
  async (_name, token) => {
    const { call, clock } = openDoor();
    clock.moveBy(now - clock.now());
    expect(await call("GET", "agents", undefined, { authorization: `agora token=${token}` })).toMatchObject({ status: 200 });
    expect(() => verifyToken(token, { ...project, certificate: appId }, now)).toThrow(/not signed with this project's certificate/);
  },
);

test("a subscriber's token lets in and does not let publish", () => {
  const token = RtcTokenBuilder.buildTokenWithUid(appId, certificate, "room", 5, RtcRole.SUBSCRIBER, s, s);
  expect(verifyChannelToken(token, project, { channel: "room", uid: "5" }, now).publishUntil).toBe(0);
});

test("any channel and uid that we build tokens for, Agora's parser reads, and its signature check accepts", () => {
  const text = fc.string({ unit: fc.constantFrom(..."abcXYZ019 !#$%&()+-:;<=.>?@[]^_{}|~,"), minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(
      text,
      text.filter((uid) => uid !== "0"),
      fc.integer({ min: 1, max: 86_400 }),
      (channel, uid, expireSeconds) => {
        const foreign = new AccessToken2();
        expect(foreign.from_string(buildToken({ ...project, channel, uid, expireSeconds, now }))).toBe(true);
        expect([String(foreign.appId), foreign.expire, foreign.verifySignature(certificate)]).toEqual([appId, expireSeconds, true]);
        const [rtc] = foreign.getServices(1);
        expect([rtc?.__channel_name?.toString(), rtc?.__uid?.toString()]).toEqual([channel, uid]);
        expect(rtc?.__privileges).toEqual({ 1: expireSeconds, 2: expireSeconds, 3: expireSeconds, 4: expireSeconds });
        expect(foreign.getServices(2)[0]?.__user_id?.toString()).toBe(uid);
      },
    ),
  );
});

test("any channel and uid that Agora's builder makes tokens for, we read", () => {
  const text = fc.string({ unit: fc.constantFrom(..."abcXYZ019 !#$%&()+-:;<=.>?@[]^_{}|~,"), minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(
      text,
      text.filter((uid) => uid !== "0"),
      (channel, uid) => {
        const token = RtcTokenBuilder.buildTokenWithRtm(appId, certificate, channel, uid, role, s, s);
        expect(verifyChannelToken(token, project, { channel, uid, needs: ["publishAudio"] }, now).uid).toBe(uid);
        verifyRtmToken(token, project, uid, now);
      },
    ),
  );
});
