/** What can go wrong for someone who uses this client: a code, what happened, and the way out. */

const remedies = {
  "api-key-in-browser": "Keep the key on your server: let it fetch a token from GET /v1/token, and give the client getToken.",
  "bad-address": "Give the engine's address, for example https://parley.example.com.",
  "connect-failed": "Check that the address is right, and that the engine is running and reachable by WebSocket.",
  "connect-timeout": "Check that the address is right, and that no firewall or proxy holds WebSockets back.",
  "connection-lost": "The network was away for longer than the session is kept. Connect again.",
  "token-failed": "Look at the page or server that gives tokens to this client.",
  "not-connected": "Call connect() first; after the session has ended, make a new VoiceAgent.",
  "outbox-full": "Wait until the connection is back (the event resumed) before you send more.",
  "slow-reader": "Read the events faster, or use on(), which does not queue.",
  // Of the browser's devices.
  "permission-denied":
    "Allow the microphone for this site: the icon left of the address opens the site's settings. On macOS the browser itself also needs it: System Settings, Privacy & Security, Microphone.",
  "no-microphone": "Connect a microphone or headset, and try again.",
  "microphone-busy": "Close other programs that use the microphone, and try again.",
  "insecure-context": "Open the page as http://localhost, or serve it over HTTPS.",
  "unsupported-browser": "Use a current Chrome, Edge, Firefox or Safari, over HTTPS or on localhost.",
  "worklet-refused": "Allow script-src blob: in the page's Content-Security-Policy, or serve the worklet yourself: see workletUrl.",
  // Codes of the wire.
  unauthorized: "Check the API key. A token opens one socket and soon expires: fetch a fresh one for each connection.",
  forbidden: "The credential is valid, but not for this. Look at the project's settings.",
  internal_error: "A fault of the engine's. Try again; its log says more.",
  agent_not_found: "List the stored agents with GET /v1/agents, or give the settings themselves.",
  agent_init_failed: "The agent could not be started. Try again; the engine's log says more.",
  agent_timeout: "The engine takes too long to start an agent: it may be loading, or full. Try again.",
  session_start_timeout: "Send session.update or session.resume as soon as the socket is open.",
  session_taken_over: "The session goes on over another socket. Close one of the two clients.",
  invalid_format: "The message does not have the form that the API documents.",
  invalid_value: "The message says which value, and what is allowed.",
  invalid_config: "The settings contradict each other; the message says where.",
  agent_id_not_first: "Choose the stored agent in the first settings, and set nothing else there.",
  llm_error: "The language model failed; the session goes on. Look at the model's service.",
  tts_error: "The voice failed; the session goes on. Look at the voice's service.",
  stt_error: "Recognition failed; the session goes on. Look at the recogniser's service.",
  at_capacity: "The engine is full. Try again later.",
  concurrency_exceeded: "This key has as many sessions as it may. End one, or raise the limit.",
  session_not_found: "The session has ended, or was away for too long. Connect anew.",
  session_forbidden: "The session belongs to another account.",
  session_expired: "The session has lived for as long as it may. Connect anew.",
  invalid_audio: "Send raw 16-bit samples at the session's rate: no WAV header, no floating point.",
  audio_rate_violation: "Send audio as fast as it is spoken, not faster.",
  audio_rate_mismatch: "Record at the rate that the session's input.format names: 24,000 Hz unless set otherwise.",
  immutable_field: "Set this before the session starts.",
} as const;

/** An error that someone can act on. */
export class VoiceAgentError extends Error {
  /** One of this client's (`connect-failed`, …), or the `code` of a `session.error`. */
  readonly code: string;
  /** What to do about it. */
  readonly remedy: string;

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "VoiceAgentError";
    this.code = code;
    this.remedy = remedyFor(code);
  }
}

/** What to do about an error code; a general hint for one that is not known. The case of letters does not matter. */
export function remedyFor(code: string): string {
  const known = Object.entries(remedies).find(([name]) => name === code.toLowerCase());
  return known?.[1] ?? "The message says what was wrong.";
}
