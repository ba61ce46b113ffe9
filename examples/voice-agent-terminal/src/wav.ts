/** The WAV files that this example reads and writes: 16-bit PCM. */

export interface Sound {
  readonly pcm: Int16Array;
  /** Hertz. */
  readonly sampleRate: number;
}

/** Reads a file; of several channels the first. */
export function readWav(file: Buffer): Sound {
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE") throw new Error("this is no WAV file");
  const format = chunk(file, "fmt ");
  const data = chunk(file, "data");
  if (format === undefined || data === undefined) throw new Error("this WAV file has no sound");
  const channels = format.readUInt16LE(2);
  if (format.readUInt16LE(14) !== 16) throw new Error("only WAV files of 16 bits can be sent");
  const pcm = Int16Array.from({ length: Math.floor(data.length / 2 / channels) }, (_, at) => data.readInt16LE(at * channels * 2));
  return { pcm, sampleRate: format.readUInt32LE(4) };
}

export function writeWav({ pcm, sampleRate }: Sound): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + pcm.byteLength, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(pcm.byteLength, 40);
  return Buffer.concat([header, Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)]);
}

function chunk(file: Buffer, name: string): Buffer | undefined {
  for (let at = 12; at + 8 <= file.length;) {
    const size = file.readUInt32LE(at + 4);
    if (file.toString("latin1", at, at + 4) === name) return file.subarray(at + 8, at + 8 + size);
    at += 8 + size + (size % 2);
  }
  return undefined;
}
