/** What went wrong, and the way out. */
import type { ParleyError } from "@parley/client";
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import { CopyButton } from "./copy-button.tsx";
import { CloseIcon, WarningIcon } from "./icons.tsx";

const titles: Readonly<Record<string, string>> = {
  "no-microphone": "No microphone",
  "permission-denied": "The microphone is not allowed",
  "insecure-context": "This address is not secure",
  "unsupported-browser": "This browser cannot make calls",
  "server-gone": "The engine is gone",
  "media-unreachable": "No audio comes through",
  "at-capacity": "All lines are busy",
  "uid-taken": "Someone else has this uid",
  "taken-over": "The call has moved",
  "token-expired": "The token has expired",
  "not-at-home": "Not from here",
  "not-ready": "Not ready yet",
};

/** Two ways to HTTPS: browsers give no microphone without it, off localhost. */
const recipes = [
  { name: "Reverse proxy", text: "caddy reverse-proxy --from parley.example.com --to localhost:8080" },
  { name: "Or the engine itself", text: "PARLEY_TLS_CERT=cert.pem PARLEY_TLS_KEY=key.pem npm start" },
  { name: "Or a tunnel, for yourself", text: "ssh -L 8080:localhost:8080 you@server" },
] as const;

export function Problem({ call, begin }: { call: Call; begin: () => void }): JSX.Element | null {
  const problem = call.problem.value;
  if (problem === null) return null;
  const ended = call.phase.value === "error";
  return (
    <section class="problem" role="alert" data-testid="error" data-code={problem.code}>
      <WarningIcon />
      <div class="problem-body">
        <h2>{titleOf(problem)}</h2>
        <p>{problem.message}</p>
        {problem.code === "insecure-context" ? <Recipes /> : <p class="problem-remedy">{problem.remedy}</p>}
        {ended && (
          <button type="button" class="primary" onClick={begin}>
            {problem.code === "taken-over" ? "Bring it back here" : "Try again"}
          </button>
        )}
      </div>
      <button type="button" class="round bare" aria-label="Close this message" onClick={() => call.dismiss()}>
        <CloseIcon />
      </button>
    </section>
  );
}

function titleOf(problem: ParleyError): string {
  return titles[problem.code] ?? "That did not work";
}

function Recipes(): JSX.Element {
  return (
    <ul class="recipes">
      {recipes.map(({ name, text }) => (
        <li key={name}>
          <span>{name}</span>
          <code>{text}</code>
          <CopyButton text={text} label={`Copy: ${name}`} />
        </li>
      ))}
    </ul>
  );
}
