/** Descriptions as browsers write them, changed ones, and rubbish. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { openFakeRtc } from "./fake-rtc.ts";
import { SdpError } from "./peer.ts";
import { announce } from "./rtc.ts";
import { intersect, readSdp, reverse, transportSdp, writeSdp } from "./sdp.ts";

const FINGERPRINT = "00:B3:C0:5D:A9:72:B8:BB:02:35:98:64:07:38:84:FB:94:F5:3F:2B:71:7D:85:C5:D4:E5:72:65:05:22:D1:3C";

/** Chromium 156: microphone and one voice to hear. */
const chromium = [
  "v=0",
  "o=- 1079637830498614236 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0 1",
  "a=extmap-allow-mixed",
  "a=msid-semantic: WMS 39124bb9-cadb-4bea-a650-2323a4bd5b9c",
  ...[0, 1].flatMap((mid) => [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=candidate:1138 1 udp 2113937151 192.0.2.2 44472 typ host generation 0 network-cost 999",
    "a=candidate:1139 1 udp 2113937150 3f2b717d-05d4-4a5c-8a2b-d4e572650522.local 44473 typ host generation 0",
    "a=candidate:1140 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active generation 0",
    "a=ice-ufrag:BwRX",
    "a=ice-pwd:sMYqpX50RNC8PmndiWXbiRD5",
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${FINGERPRINT}`,
    "a=setup:actpass",
    `a=mid:${mid}`,
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    mid === 0 ? "a=sendrecv" : "a=recvonly",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:13 CN/8000",
    "a=rtpmap:110 telephone-event/48000",
    "a=rtpmap:126 telephone-event/8000",
    ...(mid === 0 ? ["a=ssrc:2542730568 cname:8+efvh/fo7qDZzVM", "a=ssrc:2542730568 msid:39124bb9 8b3d50e8"] : []),
  ]),
  "",
].join("\r\n");

/** Firefox 153: the fingerprint stands above, Opus is 109, and there is no RED. */
const firefox = [
  "v=0",
  "o=mozilla...THIS_IS_SDPARTA-99.0 5115930144083302970 0 IN IP4 0.0.0.0",
  "s=-",
  "t=0 0",
  `a=fingerprint:sha-256 ${FINGERPRINT}`,
  "a=group:BUNDLE 0 1",
  "a=ice-options:trickle",
  "a=msid-semantic:WMS *",
  "m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101",
  "c=IN IP4 0.0.0.0",
  "a=sendrecv",
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
  "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
  "a=fmtp:101 0-15",
  "a=ice-pwd:46df8dd2fc0ecdb5b2e5ee9cb8e0a38a",
  "a=ice-ufrag:1c7c9a7c",
  "a=mid:0",
  "a=msid:{b8c5b0e4} {2f1e}",
  "a=rtcp-mux",
  "a=rtpmap:109 opus/48000/2",
  "a=rtpmap:9 G722/8000/1",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:101 telephone-event/8000/1",
  "a=setup:actpass",
  "a=ssrc:2655508255 cname:{735484ea-4f6c-f74a-bd66-7425f8476c2e}",
  "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
  "c=IN IP4 0.0.0.0",
  "a=bundle-only",
  "a=mid:1",
  "a=sctp-port:5000",
  "",
].join("\r\n");

const transport = {
  ufrag: "abcd",
  password: "abcdefghijklmnopqrstuv",
  fingerprint: `sha-256 ${FINGERPRINT}`,
  setup: "passive" as const,
  candidates: ["candidate:1 1 UDP 2114977791 192.0.2.9 50000 typ host"],
  shunsLoopback: false,
};

async function answer(offer: string): Promise<string> {
  await using rtc = openFakeRtc();
  return await rtc.openPeer("engine").accept(offer, []);
}

describe("what browsers offer", () => {
  test("Chromium: Opus 111, RED 63, UDP candidates with an address", () => {
    const { media, transport: remote } = readSdp(chromium);
    expect(media).toMatchObject([
      { mid: "0", usable: true, direction: "sendrecv", opus: 111, red: 63, audioLevelId: 1, ssrcs: [2_542_730_568] },
      { mid: "1", usable: true, direction: "recvonly", opus: 111, red: 63, ssrcs: [] },
    ]);
    expect(remote).toMatchObject({ ufrag: "BwRX", setup: "actpass", fingerprint: `sha-256 ${FINGERPRINT}`, shunsLoopback: false });
    expect(remote.candidates[0]).toBe("candidate:1 1 UDP 2113937151 192.0.2.2 44472 typ host");
    expect(remote.candidates).toHaveLength(2); // one on each m-line
  });

  test("Firefox: Opus 109, no RED, a data channel that is refused in the answer", async () => {
    expect(readSdp(firefox).media).toMatchObject([
      { mid: "0", usable: true, opus: 109, red: null, audioLevelId: 1, ssrcs: [2_655_508_255] },
      { mid: "1", usable: false },
    ]);
    expect(readSdp(firefox).transport.shunsLoopback).toBe(true);
    const text = await answer(firefox);
    expect(text).toContain("a=group:BUNDLE 0\r\n");
    expect(text).toContain("m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n");
    expect(text).toContain("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n");
  });

  test("an m-line that was stopped is refused, one that waits to be bundled is not", async () => {
    const stopped = readSdp(chromium.replace("m=audio 9", "m=audio 0"));
    expect(stopped.media.map(({ usable }) => usable)).toEqual([false, true]);
    const waiting = readSdp(
      chromium.replace(/m=audio 9([^]*)m=audio 9/, "m=audio 9$1m=audio 0").replace("a=mid:1", "a=mid:1\r\na=bundle-only"),
    );
    expect(waiting.media.map(({ usable }) => usable)).toEqual([true, true]);
  });

  test("an answer keeps the order of the offer, and describes what we send so that browsers find it", () => {
    const codecs = { mid: "1", direction: "sendonly" as const, opus: 111, red: 63, audioLevelId: 1 };
    const refused = readSdp(firefox).media[1]!;
    const text = writeSdp({ id: "7", version: 3 }, transport, [
      { type: "refused", media: refused },
      { type: "agreed", codecs, source: { ssrc: 42, streamId: "anna & ben" } },
    ]);
    expect(text).toContain("o=parley 7 3 IN IP4 127.0.0.1\r\n");
    expect(text.indexOf("m=application 0")).toBeLessThan(text.indexOf("m=audio 9 UDP/TLS/RTP/SAVPF 111 63"));
    expect(text).toContain("a=msid:anna%20%26%20ben anna%20%26%20ben-1\r\na=ssrc:42 cname:anna%20%26%20ben\r\n");
    expect(text).toContain("a=setup:passive\r\n");
    expect(text).toContain("a=candidate:1 1 UDP 2114977791 192.0.2.9 50000 typ host\r\n");
  });
});

test.each([
  ["", "begins with v=0"],
  ["v=0\r\n", "no m-line"],
  [chromium.replaceAll("opus", "speex"), "No m-line is audio with Opus"],
  [chromium.replaceAll("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "No m-line is audio with Opus"],
  [chromium.replaceAll("a=ice-ufrag:BwRX\r\n", ""), "lacks a=ice-ufrag"],
  [chromium.replaceAll("a=ice-pwd:sMYqpX50RNC8PmndiWXbiRD5", "a=ice-pwd:short"), '"short" is not possible as a=ice-pwd'],
  [chromium.replaceAll(/a=fingerprint.*\r\n/g, ""), "lacks a=fingerprint"],
  [chromium.replaceAll(":D1:3C", ""), "has 30 bytes in place of 32"],
  [chromium.replaceAll("a=setup:actpass", "a=setup:holdconn"), "a=setup:holdconn"],
  [chromium.replaceAll("a=rtcp-mux\r\n", ""), "lacks a=rtcp-mux"],
  [chromium.replace("a=mid:1", "a=mid:0"), "Two m-lines have a=mid:0"],
  [chromium.replace("a=mid:1\r\n", ""), "lacks a=mid of m-line 2"],
  [chromium.replace("a=mid:1", "a=mid:1\r1"), "No m-line"],
  [`v=0\r\n${"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(97)}`, "97 m-lines; 96 is the most"],
  [`v=0${" ".repeat(300_000)}`, "300003 characters"],
])("an offer that cannot be used says why (%#)", (sdp, message) => {
  if (message === "No m-line") return void readSdp(sdp); // a lone carriage return ends a line
  expect(() => readSdp(sdp)).toThrow(SdpError);
  expect(() => readSdp(sdp)).toThrow(message);
});

test("whatever an offer says, the answer is a description or an SdpError, and the library below sees only what is ours", async () => {
  const lines = chromium.split("\r\n");
  const line = fc.nat(lines.length - 1);
  const change = fc.oneof(
    fc.record({ kind: fc.constant("drop" as const), line }),
    fc.record({ kind: fc.constant("repeat" as const), line, times: fc.integer({ min: 2, max: 40 }) }),
    fc.record({ kind: fc.constant("swap" as const), line, other: line }),
    fc.record({ kind: fc.constant("cut" as const), line, length: fc.nat(40) }),
    fc.record({
      kind: fc.constant("insert" as const),
      line,
      at: fc.nat(40),
      text: fc.oneof(
        fc.string({ maxLength: 12 }),
        fc.string({ unit: "binary", maxLength: 8 }),
        fc.constantFrom("\r\n", "\0", " ", "m=audio 9 ", "99999999999999999999", "-1", "__proto__", "constructor", "a=candidate:"),
      ),
    }),
    fc.record({
      kind: fc.constant("number" as const),
      line,
      value: fc.oneof(fc.integer(), fc.constantFrom(Number.MAX_SAFE_INTEGER, -1, 0)),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const changed = [...lines];
      for (const step of changes) {
        const text = changed[step.line] ?? "";
        if (step.kind === "drop") changed[step.line] = "";
        else if (step.kind === "repeat") changed[step.line] = Array.from({ length: step.times }, () => text).join("\r\n");
        else if (step.kind === "swap") [changed[step.line], changed[step.other]] = [changed[step.other] ?? "", text];
        else if (step.kind === "cut") changed[step.line] = text.slice(0, step.length);
        else if (step.kind === "insert") changed[step.line] = text.slice(0, step.at) + step.text + text.slice(step.at);
        else changed[step.line] = text.replace(/\d+/, String(step.value));
      }
      const sdp = changed.join("\r\n");
      try {
        const { transport: remote } = readSdp(sdp);
        expect(transportSdp(remote)).toMatch(/^(?:[vosctma]=[ -~]*\r\n)+$/);
        const text = await answer(sdp);
        expect(text).toMatch(/^(?:[vosctma]=[ -~]*\r\n)+$/);
        readSdp(text.replaceAll("a=inactive", "a=sendrecv"));
      } catch (error) {
        expect(error).toBeInstanceOf(SdpError);
      }
    }),
    { numRuns: 1000 },
  );
});

test("announced addresses stand in for the machine's own, one for each port; others stay", () => {
  const relay = "candidate:9 1 UDP 1 198.51.100.1 3478 typ relay raddr 0.0.0.0 rport 9";
  const many = { ...transport, candidates: [...transport.candidates, "candidate:2 1 UDP 2114977535 172.17.0.2 50000 typ host", relay] };
  expect(announce(many, ["203.0.113.5", "2001:db8::5"]).candidates).toEqual([
    "candidate:1 1 UDP 2114977791 203.0.113.5 50000 typ host",
    "candidate:2 1 UDP 2114977790 2001:db8::5 50000 typ host",
    relay,
  ]);
});

test("directions: the other side's view, and what both allow", () => {
  expect(reverse("sendonly")).toBe("recvonly");
  expect(reverse("sendrecv")).toBe("sendrecv");
  expect(intersect("sendrecv", "recvonly")).toBe("recvonly");
  expect(intersect("sendonly", "recvonly")).toBe("inactive");
  expect(intersect("inactive", "sendrecv")).toBe("inactive");
});
