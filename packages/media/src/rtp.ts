/** RTP packets (RFC 3550, 5.1) with header extensions (RFC 8285): reading, writing, and counting that wraps around. */

/** Opus counts at 48 kHz whatever the audio's own rate (RFC 7587, 4.1): timestamp units per millisecond. */
export const RTP_UNITS_PER_MS = 48;

/** Timestamp units in one packet of 20 ms. */
export const RTP_UNITS_PER_FRAME = 20 * RTP_UNITS_PER_MS;

const HEADER_BYTES = 12;
/** RFC 8285: one-byte headers; two-byte headers have 0x100 in the upper 12 bits. */
const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;

export interface RtpExtension {
  /** 1 to 14 with one-byte headers, else up to 255. */
  readonly id: number;
  readonly data: Uint8Array;
}

export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  /** 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly extensions: readonly RtpExtension[];
  /** A view into the packet that was read: copy it to keep it beyond the packet. */
  readonly payload: Uint8Array;
}

/** True for RTCP where both share a port (RFC 5761, 4): the second byte is 192 to 223. */
export function isRtcp(bytes: Uint8Array): boolean {
  const type = bytes[1];
  return type !== undefined && type >= 192 && type <= 223;
}

/** Reads a packet; null when the bytes are not RTP. Never throws. */
export function readRtp(bytes: Uint8Array): RtpPacket | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  const second = view.getUint8(1);
  if (first >> 6 !== 2) return null;
  let offset = HEADER_BYTES + (first & 0x0f) * 4;
  let extensions: readonly RtpExtension[] = [];
  if ((first & 0x10) !== 0) {
    if (offset + 4 > bytes.length) return null;
    const profile = view.getUint16(offset);
    const end = offset + 4 + view.getUint16(offset + 2) * 4;
    if (end > bytes.length) return null;
    extensions = readExtensions(profile, bytes.subarray(offset + 4, end));
    offset = end;
  }
  let end = bytes.length;
  if ((first & 0x20) !== 0) {
    const padding = bytes[end - 1] ?? 0;
    if (padding === 0) return null;
    end -= padding;
  }
  if (offset > end) return null;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequenceNumber: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    extensions,
    payload: bytes.subarray(offset, end),
  };
}

function readExtensions(profile: number, block: Uint8Array): RtpExtension[] {
  const oneByte = profile === ONE_BYTE_PROFILE;
  if (!oneByte && (profile & 0xfff0) !== TWO_BYTE_PROFILE) return [];
  const extensions: RtpExtension[] = [];
  let offset = 0;
  while (offset < block.length) {
    const first = block[offset] ?? 0;
    if (first === 0) {
      offset += 1; // padding between extensions
      continue;
    }
    // Id 15 with one-byte headers ends the block (RFC 8285, 4.2).
    if (oneByte && first >> 4 === 15) break;
    const id = oneByte ? first >> 4 : first;
    const length = oneByte ? (first & 0x0f) + 1 : (block[offset + 1] ?? 0);
    const start = offset + (oneByte ? 1 : 2);
    if (start + length > block.length) break;
    if (id !== 0) extensions.push({ id, data: block.subarray(start, start + length) });
    offset = start + length;
  }
  return extensions;
}

/** Writes a packet without CSRCs or padding. One-byte extension headers are used when they can hold everything. */
export function writeRtp(packet: RtpPacket): Buffer {
  const { extensions, payload } = packet;
  const oneByte = extensions.every(({ id, data }) => id <= 14 && data.length >= 1 && data.length <= 16);
  const bodyBytes = extensions.reduce((sum, { data }) => sum + (oneByte ? 1 : 2) + data.length, 0);
  const words = Math.ceil(bodyBytes / 4);
  const extensionBytes = extensions.length === 0 ? 0 : 4 + words * 4;
  const bytes = Buffer.alloc(HEADER_BYTES + extensionBytes + payload.length);
  bytes[0] = 0x80 | (extensions.length === 0 ? 0 : 0x10);
  bytes[1] = (packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7f);
  bytes.writeUInt16BE(packet.sequenceNumber & 0xffff, 2);
  bytes.writeUInt32BE(packet.timestamp >>> 0, 4);
  bytes.writeUInt32BE(packet.ssrc >>> 0, 8);
  if (extensions.length > 0) {
    bytes.writeUInt16BE(oneByte ? ONE_BYTE_PROFILE : TWO_BYTE_PROFILE, HEADER_BYTES);
    bytes.writeUInt16BE(words, HEADER_BYTES + 2);
    let offset = HEADER_BYTES + 4;
    for (const { id, data } of extensions) {
      if (id < 1 || id > 255 || data.length > 255)
        throw new RangeError(`RTP extension ${id} with ${data.length} bytes does not fit: id 1 to 255, at most 255 bytes`);
      if (oneByte) bytes[offset++] = (id << 4) | (data.length - 1);
      else {
        bytes[offset++] = id;
        bytes[offset++] = data.length;
      }
      bytes.set(data, offset);
      offset += data.length;
    }
  }
  bytes.set(payload, HEADER_BYTES + extensionBytes);
  return bytes;
}

/** How far `later` lies after `earlier`, −32768 to 32767, for 16-bit sequence numbers that wrap. */
export function sequenceDelta(earlier: number, later: number): number {
  return ((later - earlier) << 16) >> 16;
}

/** How far `later` lies after `earlier`, in timestamp units, for 32-bit timestamps that wrap. */
export function timestampDelta(earlier: number, later: number): number {
  return (later - earlier) | 0;
}

/** Loudness of a frame as RFC 6464 counts it: 0 is full scale, 127 is silence, in steps of −1 dB. */
export function audioLevel(pcm: Int16Array): number {
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  if (sum === 0) return 127;
  const level = -10 * Math.log10(sum / pcm.length / (32_768 * 32_768));
  return Math.min(127, Math.max(0, Math.round(level)));
}

/** The header extension of RFC 6464: loudness 0 (loud) to 127 (silent), and whether it is a voice. */
export function audioLevelExtension(id: number, level: number, voice: boolean): RtpExtension {
  return { id, data: Uint8Array.of((voice ? 0x80 : 0) | (level & 0x7f)) };
}

/** Reads RFC 6464's level from a packet; null when it carries none under this id. */
export function readAudioLevel(packet: RtpPacket, id: number): { level: number; voice: boolean } | null {
  const byte = packet.extensions.find((extension) => extension.id === id)?.data[0];
  return byte === undefined ? null : { level: byte & 0x7f, voice: (byte & 0x80) !== 0 };
}
