/** Name, how the engine is, how full it is, and the theme. */
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import type { Engine } from "./engine-watch.ts";
import { Mark, MoonIcon, SunIcon } from "./icons.tsx";
import type { ThemeControl } from "./theme.ts";

export function Header({ engine, theme }: { call: Call; engine: Engine; theme: ThemeControl }): JSX.Element {
  const dark = theme.theme.value === "dark";
  return (
    <header class="header">
      <a class="brand" href="/" aria-label="Parley, start page">
        <Mark />
        <span>Parley</span>
      </a>
      <Status engine={engine} />
      <button type="button" class="round" aria-label={dark ? "Switch to light" : "Switch to dark"} onClick={theme.toggle}>
        {dark ? <SunIcon /> : <MoonIcon />}
      </button>
    </header>
  );
}

function Status({ engine }: { engine: Engine }): JSX.Element | null {
  const readiness = engine.readiness.value;
  const info = engine.info.value;
  if (readiness === null) return null;
  if (readiness === "gone") return <Chip tone="bad" text="Engine not reachable" />;
  if (!readiness.ready) return <Chip tone="wait" text={`Loading ${readiness.waiting.join(", ")}`} />;
  if (info === null || info.calls === null) return <Chip tone="good" text="Ready" />;
  const full = info.running >= info.calls;
  return <Chip tone={full ? "wait" : "good"} text={full ? "All lines busy" : "Ready"} detail={`${info.running} of ${info.calls} calls`} />;
}

function Chip({ tone, text, detail }: { tone: "good" | "wait" | "bad"; text: string; detail?: string }): JSX.Element {
  return (
    <p class="chip" data-tone={tone} role="status">
      <span class="chip-text">{text}</span>
      {detail !== undefined && <span class="chip-detail">{detail}</span>}
    </p>
  );
}
