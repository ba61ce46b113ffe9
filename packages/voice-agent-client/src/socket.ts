/** One WebSocket, on any platform that has one. */
import { socketAddress } from "./address.ts";
import { VoiceAgentError } from "./errors.ts";

/** How the client shows who it is. */
export type Credential =
  | {
      /** The key itself, sent in a header: for servers. Browsers cannot do that, and are no place for a key. */
      readonly apiKey: string;
      readonly getToken?: never;
    }
  | {
      /** A fresh token for each socket, for example from your own server. */
      readonly getToken: (signal: AbortSignal) => Promise<string> | string;
      readonly apiKey?: never;
    };

export interface SocketHandlers {
  opened(): void;
  message(text: string): void;
  closed(code: number, reason: string): void;
}

/** Node's WebSocket takes headers, and undici's dispatcher, in its second argument; a browser's would refuse it. */
type WithOptions = new (url: string, options: { headers?: Record<string, string>; dispatcher?: unknown }) => WebSocket;

/**
 * Opens a socket with a fresh credential. After an abort, its handlers are not called any more, and it is closed.
 * @throws VoiceAgentError `token-failed`, `api-key-in-browser`, `bad-address`
 */
export async function openSocket(
  url: string | URL,
  credential: Credential & { readonly dispatcher?: unknown },
  handlers: SocketHandlers,
  signal: AbortSignal,
): Promise<WebSocket> {
  const socket = await createSocket(url, credential, signal);
  signal.addEventListener("abort", () => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  });
  socket.onopen = () => handlers.opened();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string") handlers.message(data);
  };
  socket.onclose = ({ code, reason }) => handlers.closed(code, reason);
  return socket;
}

async function createSocket(
  url: string | URL,
  credential: Credential & { readonly dispatcher?: unknown },
  signal: AbortSignal,
): Promise<WebSocket> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const Opener = WebSocket as unknown as WithOptions;
  const through = credential.dispatcher === undefined ? {} : { dispatcher: credential.dispatcher };
  if (credential.getToken === undefined) {
    refuseInBrowser();
    return new Opener(socketAddress(url, undefined), { headers: { authorization: `Bearer ${credential.apiKey}` }, ...through });
  }
  const token = await tokenFrom(credential.getToken, signal);
  signal.throwIfAborted();
  const address = socketAddress(url, token);
  return credential.dispatcher === undefined ? new WebSocket(address) : new Opener(address, through);
}

async function tokenFrom(getToken: (signal: AbortSignal) => Promise<string> | string, signal: AbortSignal): Promise<string> {
  try {
    return await getToken(signal);
  } catch (cause) {
    if (cause instanceof VoiceAgentError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new VoiceAgentError("token-failed", `No token could be got: ${message}`, { cause });
  }
}

function refuseInBrowser(): void {
  if (typeof window === "undefined" || typeof document === "undefined") return;
  throw new VoiceAgentError("api-key-in-browser", "An API key has no place in a page: everybody who opens it could read it.");
}
