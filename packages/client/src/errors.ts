/** What can go wrong for someone in a browser: code, what happened, and the way out. */

const remedies = {
  "no-microphone": "Connect a microphone or headset, check that no other program holds it, and try again.",
  "permission-denied": "Allow the microphone for this site: the icon left of the address opens the site's settings. Then try again.",
  "insecure-context":
    "Open the page as http://localhost, or serve it over HTTPS: set PARLEY_TLS_CERT and PARLEY_TLS_KEY, or put a reverse proxy in front, for example: caddy reverse-proxy --from parley.example.com --to localhost:8080",
  "unsupported-browser": "Use a current Chrome, Edge, Firefox or Safari.",
  "server-gone": "Check that the engine is running and reachable, then try again.",
  "media-unreachable":
    "Audio travels by UDP, by default on port 50000 of the engine: open it in the firewall, publish it from the container, and set PARLEY_RTC__ANNOUNCED_ADDRESSES where the engine has another address outside.",
  "at-capacity": "Let another call end, or raise the limit of this engine, then try again.",
  "uid-taken": "Choose another uid, or leave in the other window first.",
  "taken-over": "The call goes on in the other window. Join again to bring it back here.",
  "token-expired": "Ask for a new token and join again.",
  removed: "Join again if you are still expected.",
  "not-at-home":
    "Join a channel with a token of your server’s, or open the page on the engine’s own machine, for example through: ssh -L 8080:localhost:8080 you@server",
  "bad-message": "Client and engine do not understand each other: reload the page, so that both are of the same version.",
  "not-ready": "The engine is still loading its models. It takes a few seconds after the start.",
} as const;

/** Codes that this library gives. Errors from the engine keep the engine's code. */
export type LocalErrorCode = keyof typeof remedies;

/** An error that someone can act on. */
export class ParleyError extends Error {
  /** One of {@link LocalErrorCode}, or a code from the table in docs/signalling.md. */
  readonly code: string;
  /** What to do about it. */
  readonly remedy: string;

  constructor(code: string, message: string, options?: { remedy?: string; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ParleyError";
    this.code = code;
    this.remedy = options?.remedy ?? remedyFor(code);
  }
}

function remedyFor(code: string): string {
  return isLocal(code) ? remedies[code] : "Try again.";
}

function isLocal(code: string): code is LocalErrorCode {
  return Object.hasOwn(remedies, code);
}
