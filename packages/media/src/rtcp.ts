/** RTCP (RFC 3550, 6): sender and receiver reports with a CNAME, as one compound packet. */

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BLOCK_BYTES = 24;
/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/** What a receiver says about one source (RFC 3550, 6.4.1). */
export interface ReportBlock {
  readonly ssrc: number;
  /** Share of packets lost since the report before, 0 to 1, in steps of 1/256. */
  readonly fractionLost: number;
  /** Packets lost since the beginning; duplicates make it negative. */
  readonly lost: number;
  /** Highest sequence number received, with the count of its cycles in the upper 16 bits. */
  readonly highestSequence: number;
  /** Jitter in timestamp units. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report; 0: none came. */
  readonly lastSenderReport: number;
  /** Time since that report came, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

export interface SenderInfo {
  /** NTP time, 64 bits: seconds since 1900 in the upper half. */
  readonly ntp: bigint;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly bytes: number;
}

/** One report: `sender` is there when its author sends media. */
export interface RtcpReport {
  readonly ssrc: number;
  readonly sender: SenderInfo | null;
  readonly blocks: readonly ReportBlock[];
}

/** NTP time of a Unix time in milliseconds. */
export function ntpTime(unixMs: number): bigint {
  const seconds = Math.floor(unixMs / 1000);
  const fraction = Math.floor(((unixMs - seconds * 1000) / 1000) * 2 ** 32);
  return (BigInt(seconds + NTP_EPOCH_SECONDS) << 32n) | BigInt(fraction);
}

/** The middle 32 bits of an NTP time: 1/65536 s, wrapping every 18 hours. */
export function compactNtp(ntp: bigint): number {
  return Number((ntp >> 16n) & 0xffff_ffffn);
}

/** Reads the reports in a compound packet; what else is in it, or broken, is passed over. Never throws. */
export function readRtcp(bytes: Uint8Array): RtcpReport[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reports: RtcpReport[] = [];
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const first = view.getUint8(offset);
    const type = view.getUint8(offset + 1);
    const end = offset + 4 + view.getUint16(offset + 2) * 4;
    if (first >> 6 !== 2 || end > bytes.length) break;
    if (type === SENDER_REPORT || type === RECEIVER_REPORT) {
      const report = readReport(view, offset + 4, end, type === SENDER_REPORT, first & 0x1f);
      if (report) reports.push(report);
    }
    offset = end;
  }
  return reports;
}

function readReport(view: DataView, start: number, end: number, fromSender: boolean, count: number): RtcpReport | null {
  const blocksStart = start + 4 + (fromSender ? 20 : 0);
  if (blocksStart + count * BLOCK_BYTES > end) return null;
  const sender = fromSender
    ? {
        ntp: view.getBigUint64(start + 4),
        rtpTimestamp: view.getUint32(start + 12),
        packets: view.getUint32(start + 16),
        bytes: view.getUint32(start + 20),
      }
    : null;
  const blocks: ReportBlock[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = blocksStart + index * BLOCK_BYTES;
    blocks.push({
      ssrc: view.getUint32(at),
      fractionLost: view.getUint8(at + 4) / 256,
      lost: (view.getUint32(at + 4) << 8) >> 8,
      highestSequence: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastSenderReport: view.getUint32(at + 16),
      delaySinceLastSenderReport: view.getUint32(at + 20),
    });
  }
  return { ssrc: view.getUint32(start), sender, blocks };
}

/** Writes one report and the author's CNAME, which every compound packet carries (RFC 3550, 6.1). */
export function writeRtcp(report: RtcpReport, cname: string): Buffer {
  const { sender, blocks } = report;
  if (blocks.length > 31) throw new RangeError(`An RTCP report holds at most 31 blocks, not ${blocks.length}`);
  const name = Buffer.from(cname, "utf8").subarray(0, 255);
  const reportBytes = 8 + (sender ? 20 : 0) + blocks.length * BLOCK_BYTES;
  // An item ends with a zero, and the chunk is filled up to four bytes.
  const descriptionBytes = 8 + Math.ceil((2 + name.length + 1) / 4) * 4;
  const bytes = Buffer.alloc(reportBytes + descriptionBytes);
  bytes[0] = 0x80 | blocks.length;
  bytes[1] = sender ? SENDER_REPORT : RECEIVER_REPORT;
  bytes.writeUInt16BE(reportBytes / 4 - 1, 2);
  bytes.writeUInt32BE(report.ssrc >>> 0, 4);
  let offset = 8;
  if (sender) {
    bytes.writeBigUInt64BE(BigInt.asUintN(64, sender.ntp), offset);
    bytes.writeUInt32BE(sender.rtpTimestamp >>> 0, offset + 8);
    bytes.writeUInt32BE(sender.packets >>> 0, offset + 12);
    bytes.writeUInt32BE(sender.bytes >>> 0, offset + 16);
    offset += 20;
  }
  for (const block of blocks) {
    bytes.writeUInt32BE(block.ssrc >>> 0, offset);
    bytes[offset + 4] = Math.min(255, Math.max(0, Math.floor(block.fractionLost * 256)));
    bytes.writeIntBE(Math.min(0x7f_ffff, Math.max(-0x80_0000, block.lost)), offset + 5, 3);
    bytes.writeUInt32BE(block.highestSequence >>> 0, offset + 8);
    bytes.writeUInt32BE(block.jitter >>> 0, offset + 12);
    bytes.writeUInt32BE(block.lastSenderReport >>> 0, offset + 16);
    bytes.writeUInt32BE(block.delaySinceLastSenderReport >>> 0, offset + 20);
    offset += BLOCK_BYTES;
  }
  bytes[offset] = 0x81; // one chunk
  bytes[offset + 1] = SOURCE_DESCRIPTION;
  bytes.writeUInt16BE(descriptionBytes / 4 - 1, offset + 2);
  bytes.writeUInt32BE(report.ssrc >>> 0, offset + 4);
  bytes[offset + 8] = 1; // CNAME
  bytes[offset + 9] = name.length;
  bytes.set(name, offset + 10);
  return bytes;
}
