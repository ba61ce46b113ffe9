import { Stats } from "@parley/protocol";
import { expect, test } from "vitest";
import { summarise } from "./stats.ts";

test("a browser's report becomes figures that the contract takes", () => {
  const figures = summarise([
    { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.0123 },
    { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 },
    { type: "outbound-rtp", packetsSent: 500 },
    {
      type: "inbound-rtp",
      packetsReceived: 400,
      packetsLost: -1,
      jitter: 0.004,
      jitterBufferDelay: 20,
      jitterBufferEmittedCount: 400,
      concealedSamples: 960,
    },
    { type: "inbound-rtp", packetsReceived: 100, packetsLost: 7, jitter: 0.009, jitterBufferDelay: 0, jitterBufferEmittedCount: 0 },
  ]);
  expect(figures).toEqual({
    rttMs: 12,
    packetsSent: 500,
    packetsReceived: 500,
    packetsLost: 7,
    jitterMs: 9,
    jitterBufferMs: 50,
    concealedMs: 20,
  });
  expect(Stats.safeParse({ type: "stats", ...figures }).success).toBe(true);
});
