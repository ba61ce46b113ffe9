/** Builds the page, serves it, and hands it tokens: the API key stays here. */
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fetchToken, VoiceAgentError } from "@parley/voice-agent";
import { build, defaultClientConditions, type InlineConfig, preview } from "vite";

const { PARLEY_URL = "http://127.0.0.1:8080", PARLEY_API_KEY, PORT = "3000" } = process.env;
if (PARLEY_API_KEY === undefined || PARLEY_API_KEY === "") {
  process.stderr.write("Set PARLEY_API_KEY, and PARLEY_URL if Parley is not on http://127.0.0.1:8080.\n");
  process.exit(2);
}
const apiKey = PARLEY_API_KEY;

/** One session for whoever asks, an hour at most. A real site asks first who that is. */
async function giveToken(response: ServerResponse): Promise<void> {
  try {
    const token = await fetchToken({ url: PARLEY_URL, apiKey, expiresInSeconds: 60, maxSessionDurationSeconds: 3600 });
    response.writeHead(200, { "content-type": "text/plain", "cache-control": "no-store" }).end(token);
  } catch (error) {
    const message = error instanceof VoiceAgentError ? error.message : "No token could be got.";
    response.writeHead(502, { "content-type": "text/plain" }).end(message);
  }
}

const vite: InlineConfig = {
  root: new URL("..", import.meta.url).pathname,
  configFile: false,
  logLevel: "warn",
  resolve: { conditions: ["source", ...defaultClientConditions] },
  define: { "import.meta.env.PARLEY_URL": JSON.stringify(PARLEY_URL) },
  build: { outDir: "dist/page", emptyOutDir: true },
  preview: {
    host: "127.0.0.1",
    port: Number(PORT),
    strictPort: true,
    headers: {
      // The worklet of the voice comes from a blob: the rest of the page is plain files.
      "content-security-policy": `default-src 'self'; script-src 'self' blob:; img-src data:; connect-src 'self' ${PARLEY_URL.replace(/^http/, "ws")}`,
    },
  },
  plugins: [
    {
      name: "token",
      configurePreviewServer: ({ middlewares }) => {
        middlewares.use("/token", (_request, response) => void giveToken(response));
      },
    },
  ],
};

await build(vite);
const server = await preview(vite);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const { port } = server.httpServer.address() as AddressInfo;
process.stdout.write(`The page is on http://localhost:${port}\n`);
