/** The page `/voices`: every voice with what its name promises, who speaks under it, and a button to hear it. */
import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { refuseForeign } from "../loopback.ts";
import { previewPath } from "./rest/voice-routes.ts";
import { type FoundVoice, findVoice, isAlias, isInstalledName, voiceNames } from "./voices.ts";

export interface VoicesPage {
  /** Pages of this machine may hear voices without signing in. */
  readonly openHere: boolean;
}

export function addVoicesPage(server: FastifyInstance, { openHere }: VoicesPage): void {
  server.get("/voices", { schema: { hide: true } }, async (request, reply) => {
    const plays = openHere && refuseForeign(request.raw) === undefined;
    return await reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", CONTENT_POLICY)
      .header("x-content-type-options", "nosniff")
      .header("cache-control", "no-cache")
      .send(renderPage(plays));
  });
}

const languages = new Intl.DisplayNames("en", { type: "language", languageDisplay: "standard" });

function renderPage(plays: boolean): string {
  const found = voiceNames().flatMap((name) => findVoice(name) ?? []);
  const own = found.filter(({ alias }) => isInstalledName(alias));
  const aliases = found.filter(({ alias }) => isAlias(alias));
  const here = aliases.filter(({ installed }) => installed);
  const others = Map.groupBy(
    aliases.filter(({ installed }) => !installed),
    ({ locale }) => locale,
  );
  const foreign = [...others].map(
    ([locale, voices]) =>
      `<section><h3>${escape(languages.of(locale) ?? locale)} <span>${escape(locale)}</span></h3>${renderList(voices, plays)}</section>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<title>Voices · Parley</title><link rel="icon" href="/favicon.svg" type="image/svg+xml"><style>${STYLE}</style></head><body><main>
<header><a href="/" aria-label="Parley, start page">Parley</a><nav><a href="/docs">Reference</a></nav></header>
<h1>Voices</h1>
<p class="lead">${found.length} names of voices, all spoken on this machine. Use one as <code>output.voice</code> of a session, or as a stored agent's <code>voice</code>.${plays ? "" : " They can be heard from the machine that the engine runs on, and by the addresses that <code>GET /v1/voices</code> gives."}</p>
<p id="problem" role="status" hidden></p>
<h2>Installed, by their own names</h2>
<p>These are understood best. Any other of the embedded speakers is <code>local/0</code> to <code>local/903</code>.</p>
${renderList(own, plays)}
<h2>Names that clients know</h2>
<p>Clients of the Voice Agent API ask for voices by these names, older clients by older ones. Each has a speaker of its own.</p>
<section><h3>English (United States) <span>en-US</span></h3>${renderList(here, plays)}</section>
<h2>Names of other languages and accents</h2>
<p>No installed voice speaks these as their names promise: an English one of the same gender speaks instead.</p>
<div class="columns">${foreign.join("")}</div>
</main>${plays ? `<script>${SCRIPT}</script>` : ""}</body></html>`;
}

function renderList(voices: readonly FoundVoice[], plays: boolean): string {
  return `<ul>${voices.map((voice) => renderVoice(voice, plays)).join("")}</ul>`;
}

function renderVoice({ alias, gender, substitute }: FoundVoice, plays: boolean): string {
  const name = escape(alias);
  const by = substitute === undefined ? "" : `, spoken by <code>${escape(substitute)}</code>`;
  const text = `<span class="name">${name}</span><span class="about">${gender}${by}</span>`;
  if (!plays) return `<li><div>${text}</div></li>`;
  return `<li><button type="button" data-src="${escape(previewPath(alias))}" aria-pressed="false" aria-label="Hear ${name}, ${gender}">${PLAY}<span class="text">${text}</span></button></li>`;
}

const PLAY = `<svg viewBox="4 4 16 16" width="24" height="24" aria-hidden="true"><path class="play" d="M9 6.5v11l8.5-5.5z"/><path class="stop" d="M8 8h8v8H8z"/></svg>`;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** One voice at a time; what is chosen again stops. The theme is the one chosen on the start page. */
const SCRIPT = `
try { const theme = localStorage.getItem("parley-theme"); if (theme) document.documentElement.dataset.theme = theme; } catch {}
const audio = new Audio();
const problem = document.getElementById("problem");
let current;
const show = (button, state) => { button.dataset.state = state; button.setAttribute("aria-pressed", String(state !== "")); };
const stop = () => { if (current) show(current, ""); current = undefined; audio.pause(); };
audio.addEventListener("ended", stop);
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-src]");
  if (!button) return;
  const again = button === current;
  stop();
  if (again) return;
  current = button;
  problem.hidden = true;
  show(button, "loading");
  try {
    const response = await fetch(button.dataset.src);
    if (!response.ok) throw new Error((await response.json()).message);
    const url = URL.createObjectURL(await response.blob());
    if (current !== button) return URL.revokeObjectURL(url);
    if (audio.src) URL.revokeObjectURL(audio.src);
    audio.src = url;
    await audio.play();
    if (current === button) show(button, "playing");
  } catch (error) {
    if (current !== button) return;
    stop();
    problem.textContent = error.message;
    problem.hidden = false;
  }
});
`;

const STYLE = `
:root{color-scheme:light dark;--paper:light-dark(#f7f4ec,#14140f);--card:light-dark(#fffdf8,#1c1b16);--ink:light-dark(#1d1a15,#efe9dc);--soft:light-dark(#655e52,#aaa292);--line:light-dark(#e4dccb,#2c2a23);--agent:light-dark(#0d6a62,#63cdbd);--wash:light-dark(#dff0ec,#14302c);--bad:light-dark(#a3282b,#ff8e85);--focus:light-dark(#1f5fd6,#8db6ff);--serif:"Iowan Old Style","Palatino Linotype",Georgia,serif;font:400 16px/1.5 -apple-system,"Segoe UI Variable Text","Segoe UI","Helvetica Neue","Liberation Sans",Arial,sans-serif}
:root[data-theme=light]{color-scheme:light}:root[data-theme=dark]{color-scheme:dark}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink)}
main{max-width:68rem;margin:0 auto;padding:0 clamp(16px,4vw,32px) 5rem}
header{display:flex;justify-content:space-between;align-items:center;height:64px}header a{color:inherit;text-decoration:none;font-weight:600}nav a{color:var(--soft);font-weight:400}header a:hover{text-decoration:underline}
h1,h2,h3{font-family:var(--serif);font-weight:500;letter-spacing:-.01em}h1{font-size:clamp(34px,6vw,48px);line-height:1.1;margin:1.5rem 0 .75rem}h2{font-size:24px;line-height:1.25;margin:3.25rem 0 .25rem}h3{font-size:17px;margin:1.5rem 0 .5rem}h3 span{color:var(--soft);font:400 13px ui-monospace,monospace;margin-left:.5em}
p{margin:.25rem 0 1rem;color:var(--soft);max-width:44rem}.lead{font-size:18px}code{font:400 .9em ui-monospace,"SF Mono","Liberation Mono",Menlo,monospace}
#problem{color:var(--bad);position:sticky;top:0;background:var(--paper);padding:.75rem 0;z-index:1;max-width:none}
ul{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(15.5rem,1fr));gap:10px}
li>*{display:flex;align-items:center;gap:12px;width:100%;min-height:60px;padding:10px 16px 10px 12px;border:1px solid var(--line);border-radius:14px;background:var(--card);color:inherit;font:inherit;text-align:left}li>div{padding-left:16px;flex-direction:column;align-items:flex-start;gap:0;justify-content:center}
button{cursor:pointer}button:hover,button[aria-pressed=true]{border-color:var(--agent)}button[aria-pressed=true]{background:var(--wash)}:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:4px}button:focus-visible{border-radius:14px}
.text{display:flex;flex-direction:column;min-width:0}.name{font:500 18px/1.3 var(--serif);text-transform:capitalize}.about{color:var(--soft);font-size:13px;line-height:1.4}
svg{flex:none;fill:var(--agent);border-radius:50%}.stop{display:none}button[data-state=playing] .play{display:none}button[data-state=playing] .stop{display:block}
button[data-state=loading] svg{animation:breathe 1s ease-in-out infinite alternate}@keyframes breathe{to{opacity:.25}}@media(prefers-reduced-motion:reduce){button[data-state=loading] svg{animation:none;opacity:.5}}
.columns{columns:3;column-gap:20px}.columns section{break-inside:avoid;padding-bottom:.25rem}.columns ul{grid-template-columns:1fr}.columns h3{margin-top:0;padding-top:.75rem}
@media(max-width:60rem){.columns{columns:2}}@media(max-width:40rem){.columns{columns:1}ul{grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr))}li>*{gap:6px;padding-left:8px}}
`;

const digest = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Its own script and style, its own sounds, and nothing else. */
const CONTENT_POLICY = [
  "default-src 'none'",
  `script-src ${digest(SCRIPT)}`,
  `style-src ${digest(STYLE)}`,
  "connect-src 'self'",
  "media-src 'self' blob:",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
