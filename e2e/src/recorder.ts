/** Records both voices inside the page, on one clock: the microphone as the browser hands it out, the agent as it is played. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { sampleRate } from "./sound.ts";

const worklet = `registerProcessor("recorder", class extends AudioWorkletProcessor {
  process(inputs) {
    this.port.postMessage(inputs.map((input) => (input[0] === undefined ? null : Float32Array.from(input[0]))));
    return true;
  }
});`;

export interface Recorded {
  readonly user: Int16Array;
  readonly agent: Int16Array;
}

/** A context whose pages record. Their Content-Security-Policy is off: it allows no worklet but the page's own. */
export async function recordingContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ bypassCSP: true });
  await context.addInitScript(installRecorder, { rate: sampleRate, worklet });
  return context;
}

/** What was heard since the microphone was opened. */
export async function takeRecording(page: Page): Promise<Recorded> {
  const [user, agent] = await page.evaluate(() => window.e2eRecorder.take());
  return { user: decode(user), agent: decode(agent) };
}

function decode(base64: string): Int16Array {
  const bytes = Buffer.from(base64, "base64");
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

declare global {
  interface Window {
    e2eRecorder: { take(): [user: string, agent: string] };
  }
}

/** Runs in the page, and therefore knows nothing of this file. */
function installRecorder({ rate, worklet: script }: { rate: number; worklet: string }): void {
  const chunks: [number[], number[]] = [[], []];
  const context = new AudioContext({ sampleRate: rate });
  const inputs = [context.createGain(), context.createGain()] as const;
  const keep = (message: unknown): void => {
    if (!Array.isArray(message)) return;
    for (const [index, list] of chunks.entries()) {
      const samples: unknown = message[index];
      // An input without a source has no channel: it is silent.
      if (samples instanceof Float32Array) for (const sample of samples) list.push(sample);
      else for (let count = 0; count < 128; count++) list.push(0);
    }
  };
  const ready = context.audioWorklet.addModule(URL.createObjectURL(new Blob([script], { type: "text/javascript" }))).then(() => {
    const node = new AudioWorkletNode(context, "recorder", {
      numberOfInputs: 2,
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    node.port.onmessage = (event) => keep(event.data);
    inputs[0].connect(node, 0, 0);
    inputs[1].connect(node, 0, 1);
  });
  const listen = (stream: MediaStream, side: 0 | 1): void => {
    void ready.then(() => context.resume());
    context.createMediaStreamSource(stream).connect(inputs[side]);
  };
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    await ready;
    chunks[0].length = chunks[1].length = 0;
    listen(stream, 0);
    return stream;
  };
  new MutationObserver(() => {
    for (const element of document.querySelectorAll("audio[data-testid=agent-audio]:not([data-recorded])")) {
      if (!(element instanceof HTMLAudioElement) || !(element.srcObject instanceof MediaStream)) continue;
      element.dataset["recorded"] = "true";
      listen(element.srcObject, 1);
    }
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-testid"] });
  const encode = (samples: readonly number[]): string => {
    const pcm = Int16Array.from(samples, (sample) => Math.max(-1, Math.min(1, sample)) * 0x7fff);
    const bytes = new Uint8Array(pcm.buffer);
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  };
  window.e2eRecorder = { take: () => [encode(chunks[0]), encode(chunks[1])] };
}
