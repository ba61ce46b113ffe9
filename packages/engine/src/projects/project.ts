/** A project: whose agents, which credentials open its doors, and what its agents are by default. */

import type { Access } from "./access.ts";

export interface Customer {
  readonly id: string;
  readonly secret: string;
}

/** A vendor with its parameters, as a project's operator chose it. */
export interface DefaultVendor {
  readonly vendor: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A voice; of a vendor that has no address of its own, with that. */
export interface DefaultVoice extends DefaultVendor {
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface DefaultLlm {
  readonly style: string;
  readonly url?: string;
  readonly apiKey?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a name of the operator's stands for. */
export interface Preset {
  readonly asr?: DefaultVendor;
  readonly tts?: DefaultVoice;
  readonly llm?: DefaultLlm;
}

export interface ProjectDefaults {
  /** From a language tag, or `*`, to its recogniser. */
  readonly asr: Readonly<Record<string, DefaultVendor>>;
  readonly tts?: DefaultVoice;
  readonly llm?: DefaultLlm;
  /** By the names that `preset` and `pipeline_id` of `join` may use. */
  readonly presets?: Readonly<Record<string, Preset>>;
  readonly maxHistory: number;
}

/** Whom a project's operator wants to be told. */
export interface Webhook {
  readonly url: string;
  /** Key of the signatures. */
  readonly secret: string;
  /** Numbers of the events. */
  readonly events: ReadonlySet<number>;
}

export interface Project extends Access {
  /** 32 hexadecimal digits. */
  readonly appId: string;
  /** 32 hexadecimal digits; empty: this project checks no channel tokens. */
  readonly certificate: string;
  readonly customers: readonly Customer[];
  /** Keys of the Voice Agent door. */
  readonly apiKeys: readonly string[];
  readonly limits: {
    /** Agents at once; absent: as many as the machine holds. */
    readonly agents?: number;
    /** Seconds from an agent's creation until it goes; absent: no limit. */
    readonly agentLifetimeS?: number;
    /** Requests in a second on the REST door; absent: no limit. */
    readonly requestsPerSecond?: number;
  };
  /** `join` asks the language model for a word first. */
  readonly checkLlm?: boolean;
  readonly defaults: ProjectDefaults;
  readonly webhooks: readonly Webhook[];
}
