/** A real Chromium with a microphone that plays a WAV file. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

export interface BrowserOptions {
  /** WAV that the microphone plays once, from the moment it is opened; read anew each time. Null: a microphone that beeps. */
  readonly microphone: string | null;
  /** Whether the person allows the microphone. Default: yes. */
  readonly allow?: boolean;
  /** Whether there is a microphone. Default: yes. */
  readonly device?: boolean;
}

interface Executable {
  readonly path: string;
  /** Folder of libraries that a bare machine lacks. */
  readonly libraries?: string;
}

const installed = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

export async function openBrowser({ microphone, allow = true, device = true }: BrowserOptions): Promise<Browser> {
  const { path, libraries } = await findChromium();
  const args = [
    "--autoplay-policy=no-user-gesture-required",
    // Without this Chromium names its addresses by mDNS, which nothing on a bare machine resolves.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--no-sandbox",
    // What the person answers to the question that a headless browser cannot show.
    allow ? "--use-fake-ui-for-media-stream" : "--use-fake-ui-for-media-stream=deny",
    ...(device ? ["--use-fake-device-for-media-stream"] : []),
    ...(microphone === null ? [] : [`--use-file-for-fake-audio-capture=${microphone}%noloop`]),
  ];
  const env = libraries === undefined ? process.env : { ...process.env, LD_LIBRARY_PATH: libraries };
  return await chromium.launch({ executablePath: path, args, env: definedOf(env) });
}

/** `$CHROMIUM`, else one that is installed, else the one that npm brought. */
async function findChromium(): Promise<Executable> {
  const named = process.env["CHROMIUM"];
  if (named !== undefined && named !== "") return { path: named };
  const found = installed.find((path) => existsSync(path));
  return found === undefined ? await unpackChromium() : { path: found };
}

/** The package unpacks its libraries by itself on Amazon Linux only; they serve any glibc. */
async function unpackChromium(): Promise<Executable> {
  const { default: packed, inflate } = await import("@sparticuz/chromium");
  const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  const path = await packed.executablePath();
  const libraries = await inflate(join(dirname(entry), "..", "bin", "al2023.tar.br"));
  return { path, libraries: join(libraries, "lib") };
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
