/** After the first call: the keys, and the few lines that put this into a product. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { CopyButton } from "./copy-button.tsx";
import type { Engine } from "./engine-watch.ts";
import { EyeIcon } from "./icons.tsx";
import { joinSnippet, type Keys, startSnippet } from "./snippets.ts";

const tabs = [
  { id: "start", name: "Start an agent", write: startSnippet },
  { id: "join", name: "Join from a page", write: joinSnippet },
] as const;

/** Stands for a secret on the screen. */
const mask = "••••••••";

export function WayOn({ engine }: { engine: Engine }): JSX.Element | null {
  const info = engine.info.value;
  if (info === null || info.appId === "") return null;
  const keys: Keys = {
    origin: location.origin,
    appId: info.appId,
    customerId: info.customerId,
    customerSecret: info.customerSecret,
  };
  return (
    <section class="way-on" aria-label="The way on">
      <h2>Put it in your product</h2>
      <p class="lead">The agent you talked with, from your own code. These keys belong to this engine.</p>
      <dl class="keys">
        <Key name="App ID" value={info.appId} secret={false} />
        <Key name="Customer ID" value={info.customerId} secret={false} />
        <Key name="Customer secret" value={info.customerSecret} secret />
        <Key name="API key" value={info.apiKey} secret />
      </dl>
      <Snippets keys={keys} />
    </section>
  );
}

function Key({ name, value, secret }: { name: string; value: string; secret: boolean }): JSX.Element | null {
  const shown = useSignal(!secret);
  if (value === "") return null;
  return (
    <div class="key">
      <dt>{name}</dt>
      <dd>
        <code>{shown.value ? value : mask}</code>
        {secret && (
          <button
            type="button"
            class="round bare"
            aria-pressed={shown.value}
            aria-label={`${shown.value ? "Hide" : "Show"} ${name}`}
            onClick={() => (shown.value = !shown.value)}
          >
            <EyeIcon />
          </button>
        )}
        <CopyButton text={value} label={`Copy ${name}`} />
      </dd>
    </div>
  );
}

function Snippets({ keys }: { keys: Keys }): JSX.Element {
  const chosen = useSignal<(typeof tabs)[number]>(tabs[0]);
  const masked = { ...keys, customerSecret: keys.customerSecret === "" ? "" : mask };
  const move = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    chosen.value = chosen.value === tabs[0] ? tabs[1] : tabs[0];
    document.getElementById(`tab-${chosen.value.id}`)?.focus();
  };
  return (
    <div class="snippets">
      <div class="tabs" role="tablist" aria-label="Snippets" onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`tab-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={chosen.value === tab}
            aria-controls="snippet"
            tabIndex={chosen.value === tab ? 0 : -1}
            onClick={() => (chosen.value = tab)}
          >
            {tab.name}
          </button>
        ))}
        <CopyButton text={chosen.value.write(keys)} label="Copy the snippet, with your keys" />
      </div>
      <pre id="snippet" role="tabpanel" aria-labelledby={`tab-${chosen.value.id}`} tabIndex={0}>
        <code>{chosen.value.write(masked)}</code>
      </pre>
    </div>
  );
}
