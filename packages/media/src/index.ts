export { decodeG711, encodeG711, G711_RATE } from "./g711.ts";
export type { G711Law } from "./g711.ts";
export { openFakeRtc } from "./fake-rtc.ts";
export type { FakeRtcOptions } from "./fake-rtc.ts";
export { SdpError } from "./peer.ts";
export type { Direction, MediaCodecs, MediaPlan, PeerState, PeerStats, ReceptionReport, RtpPeer } from "./peer.ts";
export { openRtc, UdpPortError } from "./rtc.ts";
export type { Rtc, RtcSettings } from "./rtc.ts";
export {
  audioLevel,
  audioLevelExtension,
  isRtcp,
  readAudioLevel,
  readRtp,
  RTP_UNITS_PER_FRAME,
  RTP_UNITS_PER_MS,
  sequenceDelta,
  timestampDelta,
  writeRtp,
} from "./rtp.ts";
export type { RtpExtension, RtpPacket } from "./rtp.ts";
export { hasFec, openOpusDecoder, openOpusEncoder, warmUpOpus } from "./opus.ts";
export type { OpusDecoder, OpusEncoder, PacketDecoder } from "./opus.ts";
export { readRed, Redundancy, writeRed } from "./red.ts";
export type { RedBlock } from "./red.ts";
export { Receiver } from "./receive.ts";
export type { ReceivedFrame, ReceiverOptions, ReceiverStats } from "./receive.ts";
export { createResampler, resample } from "./resample.ts";
export type { Resampler } from "./resample.ts";
export { readWav, WavError, writeWav } from "./wav.ts";
export type { Recording } from "./wav.ts";
