/** From what people paste to where the socket and the tokens are. */
import { VoiceAgentError } from "./errors.ts";

/**
 * The socket's address. `https://host` and `wss://host` mean `wss://host/v1/ws`; a path that is given is kept.
 * @throws VoiceAgentError `bad-address`
 */
export function socketAddress(url: string | URL, token: string | undefined): string {
  const address = parse(url);
  if (address.pathname === "/") address.pathname = "/v1/ws";
  if (token !== undefined) address.searchParams.set("token", token);
  return address.href;
}

/**
 * The address of `GET /v1/token`, beside the socket.
 * @throws VoiceAgentError `bad-address`
 */
export function tokenAddress(url: string | URL): URL {
  const address = parse(url);
  address.protocol = address.protocol === "wss:" ? "https:" : "http:";
  address.pathname = "/v1/token";
  address.search = "";
  return address;
}

function parse(url: string | URL): URL {
  const text = String(url);
  if (!URL.canParse(text)) throw new VoiceAgentError("bad-address", `${JSON.stringify(text)} is no address.`);
  const address = new URL(text);
  // Fragments are not sent, and the platform's WebSocket refuses them.
  address.hash = "";
  if (address.protocol === "http:") address.protocol = "ws:";
  if (address.protocol === "https:") address.protocol = "wss:";
  if (address.protocol !== "ws:" && address.protocol !== "wss:") {
    throw new VoiceAgentError("bad-address", `${JSON.stringify(text)} is neither an HTTP nor a WebSocket address.`);
  }
  return address;
}
