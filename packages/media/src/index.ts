export { SdpError } from "./peer.ts";
export type { Direction, MediaCodecs, MediaPlan, PeerState, PeerStats, ReceptionReport, RtpPeer } from "./peer.ts";
export { UdpPortError } from "./rtc.ts";
export type { OpenRtc, Rtc, RtcSettings } from "./rtc.ts";
