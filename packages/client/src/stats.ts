/** What the browser measures of a connection, in the few figures that the engine wants. */

export interface ConnectionFigures {
  rttMs?: number;
  packetsReceived?: number;
  packetsLost?: number;
  packetsSent?: number;
  jitterMs?: number;
  jitterBufferMs?: number;
  concealedMs?: number;
}

/** Opus counts samples at 48 kHz (RFC 7587, 4.1). */
const samplesPerMs = 48;

/** Sums and worst cases over all streams of a report (W3C webrtc-stats). */
export function summarise(stats: Iterable<unknown>): ConnectionFigures {
  const figures: ConnectionFigures = {};
  for (const stat of stats) {
    if (typeof stat !== "object" || stat === null) continue;
    const value = (field: string): number => {
      const found: unknown = Reflect.get(stat, field);
      return typeof found === "number" && Number.isFinite(found) && found > 0 ? found : 0;
    };
    switch (Reflect.get(stat, "type")) {
      case "candidate-pair":
        if (Reflect.get(stat, "nominated") === true) figures.rttMs = Math.round(value("currentRoundTripTime") * 1000);
        break;
      case "outbound-rtp":
        figures.packetsSent = (figures.packetsSent ?? 0) + value("packetsSent");
        break;
      case "inbound-rtp":
        figures.packetsReceived = (figures.packetsReceived ?? 0) + value("packetsReceived");
        figures.packetsLost = (figures.packetsLost ?? 0) + value("packetsLost");
        figures.jitterMs = Math.max(figures.jitterMs ?? 0, Math.round(value("jitter") * 1000));
        figures.jitterBufferMs = Math.max(
          figures.jitterBufferMs ?? 0,
          Math.round((value("jitterBufferDelay") / Math.max(1, value("jitterBufferEmittedCount"))) * 1000),
        );
        figures.concealedMs = (figures.concealedMs ?? 0) + Math.round(value("concealedSamples") / samplesPerMs);
        break;
    }
  }
  return figures;
}
