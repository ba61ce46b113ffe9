/** The page: one button, one conversation. Start reading at `talk`. */
import { tool, VoiceAgent, VoiceAgentError } from "@parley/voice-agent";
import { type Conversation, openConversation } from "@parley/voice-agent/browser";
import { Transcript } from "./transcript.ts";

declare global {
  interface ImportMeta {
    readonly env: { readonly PARLEY_URL: string };
  }
}

type State = "idle" | "connecting" | "listening" | "speaking" | "away" | "error";

const spoken: Readonly<Record<State, string>> = {
  idle: "Not in a call",
  connecting: "Connecting",
  listening: "Listening",
  speaking: "Speaking",
  away: "The connection is lost. Trying to get it back",
  error: "There is a problem",
};

const page = document.documentElement;
const list = element("transcript");
const problem = element("problem");
const button = element("talk");
const muteButton = element("mute");
let call: { agent: VoiceAgent; conversation: Conversation } | undefined;

/** Runs here, in the page, when the agent decides to call it. */
const setColour = tool({
  name: "set_colour",
  description: "Changes the colour of the page that the user is looking at.",
  parameters: {
    type: "object",
    properties: { colour: { enum: ["teal", "violet", "amber", "rose"], description: "The new colour." } },
    required: ["colour"],
  },
  run: ({ colour }) => {
    page.dataset["colour"] = colour;
    return { colour };
  },
});

async function talk(): Promise<void> {
  show("connecting");
  list.replaceChildren();
  const agent = new VoiceAgent({
    url: import.meta.env.PARLEY_URL,
    getToken: fetchToken,
    restart: true,
    tools: [setColour],
    session: {
      system_prompt: "You are a friendly voice assistant. Answer in one or two short sentences. You can change the colour of the page.",
      greeting: "Hello. Ask me something, or tell me which colour this page should have.",
    },
  });
  const transcript = new Transcript(list, agent);
  follow(agent, transcript);
  const conversation = await openConversation(agent, {
    onLevel: (level) => meter("user", level),
    onHeard: ({ replyId, ms }) => transcript.heard(replyId, ms),
    onLost: (error) => fail(error),
  });
  call = { agent, conversation };
  if (conversation.microphone.echoCancelled === false) {
    transcript.note("This browser does not cancel echoes: use headphones, or the agent will hear itself.");
  }
  drawVoice(conversation);
  await agent.connect();
}

/** What happens in the call, shown. */
function follow(agent: VoiceAgent, transcript: Transcript): void {
  agent.on("session.ready", () => show("listening"));
  agent.on("reply.started", () => show("speaking"));
  agent.on("reply.done", () => show("listening"));
  agent.on("reconnecting", ({ attempt }) => {
    show("away");
    if (attempt === 1) transcript.note("The connection is lost.");
  });
  agent.on("resumed", ({ awayMs }) =>
    transcript.note(`The connection is back after ${(awayMs / 1000).toFixed(1)} s; the conversation goes on.`),
  );
  agent.on("restarted", () => transcript.note("The connection is back, but the agent has forgotten what was said."));
  agent.on("tool.result", ({ name, result }) => transcript.note(`The agent called ${name}: ${result}`));
  agent.on("session.error", ({ message }) => transcript.note(message));
  agent.on("closed", () => over("idle"));
  agent.on("lost", ({ error }) => fail(error));
}

/** Each socket opens with a token of its own. */
async function fetchToken(signal: AbortSignal): Promise<string> {
  const response = await fetch("/token", { signal });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

async function hangUp(): Promise<void> {
  await call?.agent.end();
}

function over(state: State): void {
  void call?.conversation.close();
  call = undefined;
  setMuted(false);
  meter("user", 0);
  meter("agent", 0);
  show(state);
}

function fail(error: unknown): void {
  const [message, remedy] = error instanceof VoiceAgentError ? [error.message, error.remedy] : [String(error), ""];
  problem.textContent = `${message} ${remedy}`;
  void call?.agent.end();
  over("error");
}

function show(state: State): void {
  page.dataset["state"] = state;
  element("status").textContent = spoken[state];
  const inCall = state !== "idle" && state !== "error";
  button.textContent = inCall ? "End the call" : "Talk";
  muteButton.toggleAttribute("disabled", !inCall);
  if (state === "connecting") problem.textContent = "";
}

function setMuted(muted: boolean): void {
  call?.conversation.mute(muted);
  muteButton.setAttribute("aria-pressed", String(muted));
  muteButton.textContent = muted ? "Unmute" : "Mute";
  if (muted) meter("user", 0);
}

/** Loudness as the ear has it: a bar for 48 dB. */
function meter(who: "user" | "agent", level: number): void {
  const decibels = 20 * Math.log10(Math.max(level, 0.004));
  page.style.setProperty(`--${who}-level`, String(Math.max(0, Math.min(1, 1 + decibels / 48))));
}

function drawVoice(conversation: Conversation): void {
  if (call?.conversation !== conversation) return;
  meter("agent", conversation.speaker.level);
  requestAnimationFrame(() => drawVoice(conversation));
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

button.addEventListener("click", () => {
  if (call !== undefined) void hangUp();
  else if (page.dataset["state"] !== "connecting") talk().catch(fail);
});
muteButton.addEventListener("click", () => setMuted(muteButton.getAttribute("aria-pressed") !== "true"));
