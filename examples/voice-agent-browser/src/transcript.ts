/** The conversation on the page: what both said, and which of the agent's words were heard. */
import type { VoiceAgent } from "@parley/voice-agent";

interface Word {
  readonly element: HTMLElement;
  readonly endMs: number;
}

export class Transcript {
  readonly #list: HTMLElement;
  /** Paragraphs by the id of what they show: an utterance of the user's, or a reply. */
  readonly #paragraphs = new Map<string, HTMLElement>();
  readonly #words = new Map<string, Word[]>();

  constructor(list: HTMLElement, agent: VoiceAgent) {
    this.#list = list;
    agent.on("transcript.user.delta", ({ item_id, text }) => this.#user(item_id, text, false));
    agent.on("transcript.user", ({ item_id, text }) => this.#user(item_id, text, true));
    agent.on("transcript.agent.delta", ({ reply_id, delta, end_ms }) => this.#word(reply_id, delta, end_ms ?? 0));
    agent.on("transcript.agent", ({ reply_id, text, interrupted }) => this.#agent(reply_id, text, interrupted));
  }

  /** Marks the words of a reply that were heard, so many milliseconds into it. */
  heard(replyId: string, ms: number): void {
    for (const { element, endMs } of this.#words.get(replyId) ?? []) if (endMs <= ms) element.dataset["heard"] = "true";
  }

  /** A line of the page's own, between what people say. */
  note(text: string): void {
    const item = document.createElement("li");
    item.className = "note";
    item.textContent = text;
    this.#list.append(item);
    item.scrollIntoView({ block: "end" });
  }

  #user(itemId: string, text: string, final: boolean): void {
    const paragraph = this.#paragraph(itemId, "user", "You");
    paragraph.textContent = text;
    paragraph.dataset["final"] = String(final);
  }

  #word(replyId: string, text: string, endMs: number): void {
    const paragraph = this.#paragraph(replyId, "agent", "Agent");
    const element = document.createElement("span");
    element.textContent = text;
    element.dataset["heard"] = "false";
    paragraph.append(element, " ");
    const words = this.#words.get(replyId) ?? [];
    this.#words.set(replyId, words);
    words.push({ element, endMs });
    paragraph.scrollIntoView({ block: "end" });
  }

  #agent(replyId: string, text: string, interrupted: boolean): void {
    const paragraph = this.#paragraph(replyId, "agent", "Agent");
    // A server that sends no words one by one says it all here.
    if (!this.#words.has(replyId)) paragraph.textContent = text;
    paragraph.dataset["final"] = "true";
    paragraph.dataset["interrupted"] = String(interrupted);
    if (interrupted) this.#cut(replyId, text);
  }

  /** After an interruption the server says what was heard; the rest is struck out. */
  #cut(replyId: string, text: string): void {
    const count = text === "" ? 0 : text.split(" ").length;
    for (const [at, { element }] of (this.#words.get(replyId) ?? []).entries()) element.dataset["heard"] = String(at < count);
  }

  #paragraph(id: string, role: "user" | "agent", name: string): HTMLElement {
    const known = this.#paragraphs.get(id);
    if (known !== undefined) return known;
    const item = document.createElement("li");
    item.dataset["role"] = role;
    const who = document.createElement("strong");
    who.textContent = name;
    const paragraph = document.createElement("p");
    item.append(who, paragraph);
    this.#list.append(item);
    this.#paragraphs.set(id, paragraph);
    item.scrollIntoView({ block: "end" });
    return paragraph;
  }
}
