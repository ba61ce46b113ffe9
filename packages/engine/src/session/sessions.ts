/** Starts sessions: opens the vendors that a config names and the transport, and puts them together. */
import type { OpenTransport } from "../transports/transport.ts";
import type { OpenedTools, OpenTools } from "../vendors/tool-source.ts";
import type { Asr, ChosenRecording, Llm, Recording, Voice } from "../vendors/vendor.ts";
import type { AgentConfig, ChosenAsr, ChosenLlm, ChosenTts } from "./agent-config.ts";
import { skippingBrackets } from "./brackets.ts";
import { Ticker } from "./clock.ts";
import type { Restored, SessionParts } from "./parts.ts";
import { Session } from "./session.ts";
import { noTools } from "./tools.ts";
import { tunable } from "./tunable-voice.ts";

/** The vendors, found by name; each throws an `AppError` that names the field when a choice cannot be had. */
export interface VendorChoice {
  openAsr(chosen: ChosenAsr): Asr;
  /** `params`: in place of its own. */
  openTts(chosen: ChosenTts, params?: Readonly<Record<string, unknown>>): Voice;
  /** `field`: whose options they are, for errors; default `llm`. */
  openLlm(chosen: ChosenLlm, field?: string): Llm;
  readonly openTools: OpenTools;
  openRecording(chosen: ChosenRecording): (signal: AbortSignal) => Promise<Recording>;
}

export interface SessionsOptions extends Pick<SessionParts, "openVad" | "resample" | "readMessage"> {
  readonly vendors: VendorChoice;
}

export interface SessionRequest {
  readonly config: AgentConfig;
  readonly open: OpenTransport;
  /** It goes on where the engine was interrupted. */
  readonly restored?: Restored;
  /** Session time at which it begins, in milliseconds; default 0. */
  readonly beginsAt?: number;
  /** Aborted when nobody waits for the start any more. */
  readonly signal?: AbortSignal;
  /** Called before anything happens in the session: who reads its events from here on misses none. */
  readonly onStart?: (session: Session) => void;
}

export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions;
  readonly #ticker = new Ticker();
  /** Each with its end, when everything that was opened for it is closed. */
  readonly #running = new Map<Session, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Resolves when the agent is in its channel. Whoever starts it ends it, or closes this. */
  async start({ config, open, restored, beginsAt, signal, onStart }: SessionRequest): Promise<Session> {
    const { vendors, openVad, resample, readMessage } = this.#options;
    const asr = vendors.openAsr(config.asr);
    const { recites = false, tunes = false } = config.llm;
    const voice = recites ? undefined : tunable((params) => openVoice(vendors, config.tts, params), { waits: tunes });
    const llm = vendors.openLlm(config.llm);
    const fillerLlm =
      config.fillers?.llm === undefined
        ? undefined
        : vendors.openLlm(config.fillers.llm, "filler_words.content.generated_config.llm_provider");
    const chosen = config.greeting?.recording;
    const fetchRecording = chosen === undefined ? undefined : vendors.openRecording(chosen);
    const clock = this.#ticker.clock(beginsAt);
    const stop = signal === undefined ? this.#abort.signal : AbortSignal.any([this.#abort.signal, signal]);
    const over = new AbortController();
    // Fetched while the agent gets into its channel, and on while it is there.
    const recording = fetchRecording?.(AbortSignal.any([stop, over.signal]));
    recording?.catch(() => {});
    let opened: OpenedTools | undefined;
    try {
      opened = config.toolPlan === undefined ? undefined : await vendors.openTools(config.toolPlan, stop);
      const transport = await open(clock, stop);
      const session = new Session({
        clock,
        transport,
        config: withTools(config, opened),
        asr,
        voice,
        llm,
        ...(fillerLlm === undefined ? {} : { fillerLlm }),
        openVad,
        resample,
        readMessage,
        ...(recording === undefined ? {} : { recording }),
        ...(restored === undefined ? {} : { restored }),
      });
      this.#running.set(session, this.#follow(session, opened, over));
      onStart?.(session);
      for (const failure of opened?.failures ?? []) session.report("llm", failure);
      recording?.catch((error: unknown) => (over.signal.aborted ? undefined : session.report("tts", error)));
      return session;
    } catch (error) {
      over.abort();
      await opened?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What was opened for a conversation is closed after it. */
  async #follow(session: Session, opened: OpenedTools | undefined, over: AbortController): Promise<void> {
    await session.closed;
    over.abort();
    await opened?.[Symbol.asyncDispose]();
    this.#running.delete(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#running].map(async ([session, end]) => {
      await session.leave();
      await end;
    });
    await Promise.all(ends);
    this.#abort.abort();
  }
}

/** The voice as it was chosen, with `params` in place of its own. */
function openVoice(vendors: VendorChoice, chosen: ChosenTts, params: Readonly<Record<string, unknown>>): Voice {
  return skippingBrackets(vendors.openTts(chosen, params), chosen.skip ?? []);
}

function withTools(config: AgentConfig, opened: OpenedTools | undefined): AgentConfig {
  if (opened === undefined || opened.tools.length === 0) return config;
  const { tools, answers } = config.tools ?? noTools;
  return { ...config, tools: { tools: [...tools, ...opened.tools], answers } };
}
