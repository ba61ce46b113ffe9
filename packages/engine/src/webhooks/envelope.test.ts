import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { toBody, toHeaders } from "./envelope.ts";

test("both signatures are those of the contract's example", () => {
  const body =
    '{"eventType":10,"noticeId":"4eb720f0-8da7-11e9-a43e53f411c2761f","notifyMs":1560408533119,"payload":{"a":"1","b":2},"productId":1}';
  expect(toHeaders(body, "secret")).toMatchObject({
    "agora-signature": "92ea60c5249b641f80de046d11e1cb2d15f1d1b2",
    "agora-signature-v2": "6ba85d7c1122f6c51143cce7765f06c601c0fbd691987f4510e45b943b2639e8",
    "content-type": "application/json",
  });
});

test("the body is the contract's envelope, and two attempts differ in their time alone", () => {
  const notice = { noticeId: "AGENT:101:1", agentId: "AGENT", eventType: 101, payload: '{"agent_id":"AGENT","name":"ünï"}' };
  expect(JSON.parse(toBody(notice, 1611566412672))).toEqual({
    sid: "AGENT",
    noticeId: "AGENT:101:1",
    productId: 17,
    eventType: 101,
    notifyMs: 1611566412672,
    payload: { agent_id: "AGENT", name: "ünï" },
  });
  expect(toBody(notice, 1611566412673)).toBe(toBody(notice, 1611566412672).replace("1611566412672", "1611566412673"));
});

test("what is signed are the body's bytes, whatever its letters", () => {
  const body = toBody({ noticeId: "n", agentId: "a", eventType: 103, payload: '{"content":"größer 日本"}' }, 1);
  expect(toHeaders(body, "s")["agora-signature-v2"]).toBe(createHmac("sha256", "s").update(Buffer.from(body, "utf8")).digest("hex"));
});
