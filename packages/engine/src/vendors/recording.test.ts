import { createServer, type ServerResponse } from "node:http";
import { writeWav } from "@parley/media";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { Network } from "./network.ts";
import { recordingAt } from "./recording.ts";
import type { Recording } from "./vendor.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  open.push({
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}/greeting?signature=secret`;
}

const never = new AbortController().signal;
const pcm = Int16Array.from({ length: 1600 }, (_, index) => index - 800);
const bytes = new Uint8Array(pcm.buffer);

async function fetched(answer: (response: ServerResponse) => void, options: { timeoutMs?: number } = {}): Promise<Recording> {
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(network);
  const url = await serve(answer);
  return await recordingAt(network, { url, timeoutMs: 5000, sampleRate: 16_000, ...options })(never);
}

const sending =
  (body: Uint8Array | string, type = "", status = 200) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, type === "" ? {} : { "content-type": type }).end(body);

test("a WAV file knows its rate, and any number of channels is heard as one", async () => {
  expect(await fetched(sending(writeWav({ pcm, sampleRate: 24_000 }), "audio/wav"))).toEqual({ pcm, sampleRate: 24_000 });
});

test("what is neither WAV nor anything else is raw PCM; half a sample at its end is none", async () => {
  expect(await fetched(sending(bytes))).toEqual({ pcm, sampleRate: 16_000 });
  expect(await fetched(sending(Buffer.concat([bytes, Buffer.of(1)]), "audio/pcm"))).toEqual({ pcm, sampleRate: 16_000 });
});

test("raw PCM that begins with the faintest of sounds is no MP3", async () => {
  const faint = Int16Array.of(-1, -1, -257, -2, ...pcm);
  expect(await fetched(sending(new Uint8Array(faint.buffer), "audio/pcm"))).toEqual({ pcm: faint, sampleRate: 16_000 });
});

test.each([
  ["nothing at all", sending(""), "holds no sound"],
  ["another status", sending("no", "text/plain", 403), "answered with status 403"],
  ["a redirect", sending("", "", 302), "redirects are not followed"],
  ["a page", sending("<html></html>", "text/html; charset=utf-8"), "is text/html; WAV, or raw PCM"],
  ["an error in JSON", sending("{}", "application/json"), "is application/json"],
  ["an MP3 file", sending(Buffer.concat([Buffer.from("ID3"), bytes])), "is MP3"],
  ["an MP3 stream", sending(Buffer.concat([Buffer.of(0xff, 0xfb, 0x90, 0x64), bytes])), "is MP3"],
  ["an AAC stream", sending(Buffer.concat([Buffer.of(0xff, 0xf1, 0x50, 0x80), bytes])), "is AAC"],
  ["an Ogg file", sending("OggS and so on", "audio/ogg"), "is Ogg"],
  ["a WAV file of something else", sending(broken()), "cannot be read: The WAV file holds MP3"],
  ["a WAV file without sound", sending(writeWav({ pcm: new Int16Array(), sampleRate: 16_000 })), "holds no sound"],
  ["a greeting of hours", sending(writeWav({ pcm: new Int16Array(3_600_000), sampleRate: 1000 })), "is 3600 s long, more than 600"],
])("%s is told", async (_what, answer, message) => {
  const error = await fetched(answer).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AppError);
  expect(String(error)).toContain(message);
  expect(String(error)).toMatch(/the recording of the greeting at 127\.0\.0\.1:\d+ /);
  // A signed address is a secret.
  expect(String(error)).not.toContain("secret");
});

function broken(): Buffer {
  const file = writeWav({ pcm, sampleRate: 16_000 });
  file.writeUInt16LE(0x55, 20);
  return file;
}

test("a file that does not end is left, and one that does not come is given up", async () => {
  const chunk = Buffer.alloc(65_536);
  let sent = 0;
  const endless = (response: ServerResponse): void => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      response.once("drain", more);
    };
    more();
  };
  await expect(fetched(endless)).rejects.toThrow("has more than 8388608 bytes");
  expect(sent).toBeLessThan(64 * 1_048_576);
  await expect(fetched((response) => void response.writeHead(200).write(bytes), { timeoutMs: 50 })).rejects.toThrow(
    "did not come within 50 ms",
  );
  await expect(fetched(() => {}, { timeoutMs: 50 })).rejects.toThrow("did not come within 50 ms");
});

test("a connection that breaks is told", async () => {
  await expect(
    fetched((response) => {
      response.writeHead(200, { "content-length": "100000" });
      response.write(bytes, () => response.destroy());
    }),
  ).rejects.toMatchObject({ code: "vendor-failed" });
});

test("who ends the call ends the fetching, and nobody is blamed", async () => {
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(network);
  const asked = Promise.withResolvers<void>();
  const url = await serve(() => asked.resolve());
  const over = new AbortController();
  const fetching = recordingAt(network, { url, timeoutMs: 30_000, sampleRate: 16_000 })(over.signal).catch(() => "ended");
  await asked.promise;
  over.abort();
  expect(await fetching).toBe("ended");
});

test("an address that is not public is refused at once, and one whose name turns out so when it is asked for", async () => {
  const lookup = ((_host: string, _options: unknown, done: (error: null, addresses: { address: string; family: number }[]) => void) =>
    done(null, [{ address: "10.0.0.8", family: 4 }])) as never;
  const network = new Network({ allowLoopback: false, proxies: {}, lookup });
  open.push(network);
  const at = (url: string) => recordingAt(network, { url, timeoutMs: 1000, sampleRate: 16_000 });
  expect(() => at("http://192.168.1.1/a.wav")).toThrow("llm.greeting_audio_url: 192.168.1.1 is refused");
  await expect(at("http://inside.example/a.wav")(never)).rejects.toMatchObject({ code: "vendor-unreachable" });
});
