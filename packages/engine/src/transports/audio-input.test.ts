import { readdirSync, readFileSync } from "node:fs";
import { encodeG711, readWav, resample, writeWav } from "@parley/media";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioInput, type AudioFormat, type AudioProblem } from "./audio-input.ts";

const pcm24: AudioFormat = { encoding: "audio/pcm", sampleRate: 24_000 };
const formats: readonly AudioFormat[] = [
  ...([8000, 16_000, 24_000, 48_000] as const).map((sampleRate) => ({ encoding: "audio/pcm" as const, sampleRate })),
  { encoding: "audio/pcmu", sampleRate: 8000 },
  { encoding: "audio/pcma", sampleRate: 8000 },
];

const folder = new URL("../../../../recordings/", import.meta.url);
const recordings = readdirSync(folder)
  .filter((name) => name.endsWith(".wav"))
  .map((name) => ({ name, ...readWav(readFileSync(new URL(name, folder))) }));
const jfk = recordings.find(({ name }) => name === "jfk.wav")!.pcm;

function bytesOf(pcm: Int16Array, { encoding }: AudioFormat): Buffer {
  if (encoding === "audio/pcm") return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return Buffer.from(encodeG711(pcm, encoding === "audio/pcmu" ? "µ-law" : "A-law"));
}

function floatsOf(pcm: Int16Array): Buffer {
  return Buffer.from(Float32Array.from(pcm, (sample) => sample / 32_768).buffer);
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const hum = (rate: number, seconds = 1) =>
  Int16Array.from({ length: rate * seconds }, (_, index) => 8000 * Math.sin((2 * Math.PI * 200 * index) / rate));

/** Feeds bytes in chunks, each at the time when its last sample was made. */
function feed(input: AudioInput, bytes: Uint8Array, chunkBytes: number, bytesPerMs: number, from = 0) {
  const samples: number[] = [];
  const problems: AudioProblem[] = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    const chunk = bytes.subarray(offset, offset + chunkBytes);
    const heard = input.take(base64(chunk), from + (offset + chunk.length) / bytesPerMs);
    samples.push(...heard.pcm);
    problems.push(...heard.problems);
  }
  return { samples, problems };
}

const bytesPerMs = ({ encoding, sampleRate }: AudioFormat) => (sampleRate / 1000) * (encoding === "audio/pcm" ? 2 : 1);

describe("base64", () => {
  test.each([
    ["", "empty"],
    ["====", "its end or its padding"],
    ["AAA", "its length of 3"],
    ["AAAA AAA", 'character 4 is " "'],
    ["AAAA\nAAAA", 'character 4 is "\\n"'],
    ["AA-_", "base64url"],
    ["AAA=AAAA", "its end or its padding"],
    ["A===", "its end or its padding"],
    ["AAAA====", "its end or its padding"],
    ["data:audio/wav;base64,AAAA", "data URL"],
    ["AAÄA", "character 2"],
  ])("%j is refused", (text, message) => {
    const { pcm, problems } = new AudioInput(pcm24).take(text, 0);
    expect(pcm).toHaveLength(0);
    expect(problems).toEqual([{ code: "invalid-audio", message: expect.stringContaining(message) }]);
  });

  test("whatever an encoder makes is taken, anything else that a decoder would skip is not", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.nat(),
        fc.constantFrom(" ", "\n", "-", "_", ".", "é", "\0"),
        (bytes, place, stranger) => {
          const text = base64(bytes);
          expect(new AudioInput(pcm24).take(text, 0).problems).toEqual([]);
          const at = place % (text.length + 1);
          const bad = text.slice(0, at) + stranger + text.slice(at);
          expect(new AudioInput(pcm24).take(bad, 0).problems).toMatchObject([{ code: "invalid-audio" }]);
        },
      ),
    );
  });

  test("a client that sends nothing else is told once a second", () => {
    const input = new AudioInput(pcm24);
    const told = Array.from({ length: 400 }, (_, index) => input.take("?", index * 5).problems.length);
    expect(told.reduce((sum, each) => sum + each, 0)).toBe(2);
  });
});

describe.each(formats)("$encoding at $sampleRate Hz", (format) => {
  test("a second of it becomes a second of 16 kHz, however it is cut, odd bytes included", () => {
    const bytes = bytesOf(hum(format.sampleRate), format);
    const whole = new AudioInput(format);
    const wanted = [...whole.take(base64(bytes), 0).pcm, ...whole.rest()];
    expect(wanted).toHaveLength(16_000);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 }), (lengths) => {
        using input = new AudioInput(format);
        const samples: number[] = [];
        let offset = 0;
        for (const length of [...lengths, bytes.length]) {
          const chunk = bytes.subarray(offset, offset + length);
          if (chunk.length > 0) samples.push(...input.take(base64(chunk), 0).pcm);
          offset += length;
        }
        samples.push(...input.rest());
        expect(samples).toEqual(wanted);
      }),
      { numRuns: 15 },
    );
  });

  test("speech is never mistaken for a file, floats or another rate", () => {
    for (const { name, pcm, sampleRate } of recordings) {
      const whole = bytesOf(resample(pcm, sampleRate, format.sampleRate), format);
      for (const chunkMs of [5, 100]) {
        const bytes = chunkMs < 100 ? whole.subarray(0, bytesPerMs(format) * 6000) : whole;
        using input = new AudioInput(format);
        const { problems } = feed(input, bytes, chunkMs * bytesPerMs(format), bytesPerMs(format));
        expect(problems, `${name} in chunks of ${chunkMs} ms`).toEqual([]);
        expect(Math.round(input.takenMs)).toBe(Math.round(bytes.length / bytesPerMs(format)));
      }
    }
  });
});

test("any PCM is taken: no bytes but those of a whole header are foreign", () => {
  const loud = fc.int16Array({ minLength: 128, maxLength: 512 });
  const sines = fc
    .tuple(
      fc.integer({ min: 1, max: 32_767 }),
      fc.double({ min: 0.001, max: Math.PI, noNaN: true }),
      fc.double({ min: 0, max: 7, noNaN: true }),
    )
    .map(([amplitude, step, phase]) => Int16Array.from({ length: 480 }, (_, index) => amplitude * Math.sin(index * step + phase)));
  const constants = fc.integer({ min: -32_768, max: 32_767 }).map((value) => new Int16Array(480).fill(value));
  fc.assert(
    fc.property(fc.oneof(loud, sines, constants), (pcm) => {
      using input = new AudioInput(pcm24);
      expect(input.take(base64(bytesOf(pcm, pcm24)), 0).problems).toEqual([]);
      expect(input.takenMs).toBeCloseTo(pcm.length / 24, 6);
    }),
    { numRuns: 2000 },
  );
});

test("a change of format in mid-stream loses nothing and carries no half sample over", () => {
  using input = new AudioInput(pcm24);
  const samples = [...input.take(base64(bytesOf(hum(24_000), pcm24)), 0).pcm];
  input.take(base64(Uint8Array.of(1)), 0); // half a sample
  const ulaw: AudioFormat = { encoding: "audio/pcmu", sampleRate: 8000 };
  samples.push(...input.change(ulaw));
  expect(samples).toHaveLength(16_000);
  samples.push(...input.take(base64(bytesOf(hum(8000), ulaw)), 1000).pcm);
  samples.push(...input.change({ encoding: "audio/pcm", sampleRate: 48_000 }));
  expect(samples).toHaveLength(32_000);
  const odd = input.take(base64(bytesOf(hum(48_000), pcm24)), 2000).pcm;
  expect(odd.length + input.rest().length).toBe(16_000);
  // Still a hum of 200 Hz: nothing was shifted by a byte.
  expect(Math.max(...odd)).toBeLessThan(8200);
});

/** MPEG 1 layer III, 128 kbit/s at 44.1 kHz: frames of 417 bytes. */
function mp3(frames: number): Buffer {
  return Buffer.concat(
    Array.from({ length: frames }, (_, index) => Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64]), Buffer.alloc(413, 17 + index)])),
  );
}

/** Noise of full scale, as compressed audio looks: xorshift. */
function noise(length: number): Buffer {
  let state = 0x1234_5678;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  return Buffer.from(Array.from({ length }, next));
}

test.each([
  ["a WAV file", writeWav({ pcm: hum(24_000, 0.1), sampleRate: 24_000 })],
  ["an AIFF file", Buffer.from("FORM\0\0\x10\0AIFFCOMM", "latin1")],
  ["Ogg", Buffer.concat([Buffer.from("OggS\0\x02", "latin1"), noise(2000)])],
  ["FLAC", Buffer.concat([Buffer.from("fLaC\0\0\0\x22", "latin1"), noise(2000)])],
  ["MP4", Buffer.concat([Buffer.from("\0\0\0\x20ftypisom", "latin1"), noise(2000)])],
  ["a CAF file", Buffer.from("caff\0\x01\0\0desc", "latin1")],
  ["WebM", Buffer.from("1a45dfa39f4286810142f7810142f2810442f381084282847765626d", "hex")],
  ["MP3", Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 35]), noise(2000)])],
  ["MP3", mp3(3)],
  [
    "AAC",
    Buffer.concat(
      Array.from({ length: 2 }, () => Buffer.concat([Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x04, 0x1f, 0xfc]), Buffer.alloc(25, 9)])),
    ),
  ],
  ["samples of 32-bit floats", floatsOf(jfk.subarray(20_000, 21_000))],
])("%s is named, with what was expected, and dropped", (name, bytes) => {
  using input = new AudioInput(pcm24);
  const { pcm, problems } = input.take(base64(bytes), 0);
  expect(problems).toEqual([
    {
      code: "invalid-audio",
      message: `The audio is ${name}; audio/pcm (16-bit signed little-endian, mono) at 24000 Hz without any header was expected. What came is dropped.`,
    },
  ]);
  expect(pcm).toHaveLength(0);
  expect(input.takenMs).toBe(0);
});

test("what follows a WAV header is heard; what follows an Ogg header is dropped without another word until it is sound", () => {
  const speech = bytesOf(resample(jfk, 16_000, 24_000), pcm24);
  using wav = new AudioInput(pcm24);
  wav.take(base64(writeWav({ pcm: hum(24_000, 0.02), sampleRate: 24_000 })), 0);
  expect(feed(wav, speech, 4800, 48, 100)).toMatchObject({ problems: [] });
  expect(Math.round(wav.takenMs)).toBe(11_000);

  using ogg = new AudioInput(pcm24);
  ogg.take(base64(Buffer.concat([Buffer.from("OggS\0\x02", "latin1"), noise(500)])), 0);
  expect(feed(ogg, noise(48_000), 960, 48, 10)).toEqual({ samples: [], problems: [] });
  const after = feed(ogg, speech, 960, 48, 2000);
  expect(after.problems).toEqual([]);
  expect(ogg.takenMs).toBeGreaterThan(10_900);
});

test("each chunk a file of its own: told once in ten seconds", () => {
  using input = new AudioInput(pcm24);
  const chunk = base64(writeWav({ pcm: hum(24_000, 0.05), sampleRate: 24_000 }));
  const told = Array.from({ length: 400 }, (_, index) => input.take(chunk, index * 50).problems.length);
  expect(told.reduce((sum, each) => sum + each, 0)).toBe(2);
});

test.each(recordings)("floats are told from PCM, and next to nothing of them is heard: $name", ({ pcm, sampleRate }) => {
  for (const [label, floats] of [
    ["from 16 bits", floatsOf(resample(pcm, sampleRate, 24_000))],
    // A microphone's floats fill all their bits.
    [
      "from a microphone",
      Buffer.from(
        Float32Array.from(resample(pcm, sampleRate, 24_000), (sample, index) => (sample + Math.sin(index * 7) * 0.4) / 32_768).buffer,
      ),
    ],
  ] as const) {
    using input = new AudioInput(pcm24);
    const { problems, samples } = feed(input, floats, 128 * 4, 96);
    expect(
      problems.map(({ message }) => message.slice(0, 40)),
      label,
    ).toContain("The audio is samples of 32-bit floats; a");
    // Before the first proof there may have been some chunks of near silence, and zeros are the same in both.
    expect(samples.filter((sample) => Math.abs(sample) > 1000).length / 16, label).toBeLessThan(150);
  }
});

test("silence is silence, in floats too", () => {
  using input = new AudioInput(pcm24);
  const { problems, samples } = feed(input, Buffer.alloc(96_000), 960, 48);
  expect(problems).toEqual([]);
  expect(samples.every((sample) => sample === 0)).toBe(true);
});

describe("pace", () => {
  const second = base64(bytesOf(hum(24_000), pcm24));

  test("ten seconds at once and 1.25 times real time for ever are taken", () => {
    using input = new AudioInput(pcm24);
    for (let index = 0; index < 10; index += 1) expect(input.take(second, 0).problems).toEqual([]);
    // At this rate it also looks like 32 kHz: that is for the rate watch to tell, not to drop.
    for (let index = 1; index < 100; index += 1) input.take(second, index * 800);
    expect(input.takenMs).toBeCloseTo(109_000, 0);
  });

  test("the surplus is dropped and told at most once a second", () => {
    using input = new AudioInput(pcm24);
    const violations: AudioProblem[] = [];
    for (let at = 0; at < 20_000; at += 100) {
      violations.push(...input.take(second, at).problems.filter(({ code }) => code === "audio-rate-violation"));
    }
    expect(violations.length).toBeGreaterThan(15);
    expect(violations.length).toBeLessThanOrEqual(20);
    expect(violations[0]?.message).toMatch(/^\d+ ms of audio were dropped/);
    expect(input.takenMs).toBeCloseTo(10_000 + 19_900 * 1.25, 0);
  });

  test("what there is no room for counts as surplus", () => {
    using input = new AudioInput(pcm24);
    expect(input.take(second, 0, 300).problems).toMatchObject([{ code: "audio-rate-violation" }]);
    expect(input.takenMs).toBe(300);
  });
});

describe("rate", () => {
  /** Streams for `seconds`, `ratio` times as much audio as time passes; `arrives` may move a chunk in time. */
  function stream(format: AudioFormat, ratio: number, seconds: number, arrives: (at: number) => number | undefined = (at) => at) {
    using input = new AudioInput(format);
    const problems: (AudioProblem & { at: number })[] = [];
    const chunk = base64(bytesOf(hum(format.sampleRate, 0.2).subarray(0, Math.round((format.sampleRate / 20) * ratio)), format));
    for (let at = 0; at < seconds * 1000; at += 50) {
      const arrival = arrives(at);
      if (arrival !== undefined) problems.push(...input.take(chunk, arrival).problems.map((problem) => ({ ...problem, at })));
    }
    return problems;
  }

  test.each([
    [24_000, 2, 48_000],
    [24_000, 1.8375, 44_100],
    [24_000, 2 / 3, 16_000],
    [24_000, 1 / 3, 8000],
    [16_000, 1.5, 24_000],
    [16_000, 3, 48_000],
    [48_000, 0.5, 24_000],
    [8000, 2, 16_000],
  ] as const)("declared %i Hz, %f times real time: seen as %i Hz, once, within ten seconds", (sampleRate, ratio, actual) => {
    const jitter = fc.sample(fc.integer({ min: 0, max: 40 }), { numRuns: 1200, seed: 7 });
    const problems = stream({ encoding: "audio/pcm", sampleRate }, ratio, 60, (at) => at + jitter[at / 50]!);
    const mismatches = problems.filter(({ code }) => code === "audio-rate-mismatch");
    expect(mismatches).toHaveLength(1);
    expect(mismatches[0]!.at).toBeLessThan(10_000);
    expect(mismatches[0]!.message).toContain(`${actual} Hz`);
    expect(mismatches[0]!.message).toContain(`sent as ${sampleRate} Hz`);
  });

  test("PCM in place of G.711 is seen, too", () => {
    expect(stream({ encoding: "audio/pcmu", sampleRate: 8000 }, 2, 12)).toMatchObject([{ code: "audio-rate-mismatch" }]);
  });

  test("a client that mutes itself by sending nothing is not one of another rate", () => {
    const muted = (at: number) => (at % 5000 < 3300 ? at : undefined);
    expect(stream(pcm24, 1, 120, muted)).toEqual([]);
    const flapping = (at: number) => (at % 900 < 600 ? at : undefined);
    expect(stream(pcm24, 1, 10, flapping)).toEqual([]);
  });

  test("a client whose network stalls and catches up is not one of another rate", () => {
    const stalling = (at: number) => (at % 4000 > 2500 ? Math.ceil(at / 4000) * 4000 : at);
    expect(stream(pcm24, 1, 120, stalling)).toEqual([]);
  });

  test("clocks that differ a little, and any jitter of a tenth of a second, are normal", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.97, max: 1.03, noNaN: true }),
        fc.infiniteStream(fc.integer({ min: 0, max: 100 })),
        (ratio, delays) => {
          let last = 0;
          const jittered = (at: number) => (last = Math.max(last, at + (delays.next().value as number)));
          expect(stream(pcm24, ratio, 30, jittered)).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });
});
