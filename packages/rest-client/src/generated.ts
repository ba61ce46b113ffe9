/** Made from openapi.json by generated.test.ts: npm run generate -w packages/rest-client. */
export interface paths {
    "/api/conversational-ai-agent/v2/projects/{appid}/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start an agent */
        post: operations["join"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/leave": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let an agent go */
        post: operations["leave"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Look at an agent, running or not */
        get: operations["getAgent"];
        put?: never;
        post?: never;
        /** Delete the record of an agent that has exited */
        delete: operations["forgetAgent"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List agents, newest first */
        get: operations["listAgents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/speak": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say a text with the agent's voice */
        post: operations["speak"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/interrupt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop the agent's speech and thought */
        post: operations["interrupt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/think": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give the agent a text as if somebody had said it */
        post: operations["think"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change an agent's token, instructions or model parameters */
        post: operations["update"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was said and heard, as the agent remembers it */
        get: operations["history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/turns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The turns of a call with their latencies */
        get: operations["turns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: never;
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    join: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Unique among the project's agents that have not exited. */
                    name: string;
                    properties: {
                        /** @description Name of the channel, at most 64 characters. */
                        channel: string;
                        /** @description 007 token for the channel and the agent's uid; empty: the engine lets its own agent in. */
                        token: string;
                        /** @description The agent's uid; "0": a random one is assigned. */
                        agent_rtc_uid: string;
                        /** @description Whom the agent hears; ["*"]: everybody. */
                        remote_rtc_uids: ("*" | string)[];
                        /** @description Uids are any text; false (default): whole numbers that fit 32 bit. */
                        enable_string_uid?: boolean | null;
                        /** @description Seconds after the last person has left until the agent goes; 0: never. Default 30. */
                        idle_timeout?: number | null;
                        advanced_features?: {
                            /** @description Intelligent interruption: the end of a turn is judged by what was said, and a cough or an “mhm” does not cut the agent. Default false. */
                            enable_aivad?: boolean | null;
                            /** @description Tools of `llm.mcp_servers` may be used. Default false; `llm.tools` need no switch. */
                            enable_tools?: boolean | null;
                            /** @description The older switch of `mllm.enable`. */
                            enable_mllm?: boolean | null;
                            /** @description Not built: `true` is refused. */
                            enable_sal?: boolean | null;
                            enable_rtm?: boolean | null;
                            enable_bhvs?: boolean | null;
                        } | null;
                        asr?: {
                            /** @description Full BCP 47 tag, for instance en-US (default). */
                            language?: string | null;
                            /** @description Absent: the project's default for the language, else the embedded recogniser. */
                            vendor?: string | null;
                            /** @description The vendor's own parameters. */
                            params?: {
                                [key: string]: unknown;
                            } | null;
                            /** @description Words to expect. */
                            keywords?: string[] | null;
                            /** @description `managed`: key and address are the operator's default. */
                            credential_mode?: ("byok" | "managed") | null;
                            vendor_model?: string | null;
                        } | null;
                        /** @description Absent: the project's default, else the embedded voice. */
                        tts?: {
                            /** @description A vendor of voices; `local` is embedded and needs no key, `generic_http` is a voice of your own. */
                            vendor: string;
                            /** @description The vendor's own parameters. */
                            params?: {
                                [key: string]: unknown;
                            } | null;
                            /** @description Brackets whose content is not spoken, but remembered: 1 （）, 2 【】, 3 ( ), 4 [ ], 5 { }. */
                            skip_patterns?: number[] | null;
                            /** @description `managed`: key and address are the operator's default. */
                            credential_mode?: ("byok" | "managed") | null;
                            /** @description Of `generic_http`: full address of the voice; nothing is appended. */
                            url?: string | null;
                            /** @description Of `generic_http`: added to each request; with `Authorization` no `params.api_key` is needed. */
                            headers?: {
                                [key: string]: string;
                            } | null;
                            adjust_volume?: number | null;
                        } | null;
                        /** @description Absent: the project's default, else the embedded brain. */
                        llm?: {
                            /** @description Full address of the chat completion endpoint; nothing is appended. Not needed with style `local`. */
                            url?: string | null;
                            /** @description Sent as bearer token; empty: none is sent. */
                            api_key?: string | null;
                            /** @description Put before every request, in order. */
                            system_messages?: ({
                                /** @enum {string} */
                                role: "system" | "developer" | "user" | "assistant";
                                /** @description Text, or a list of parts such as `{ "type": "text", "text": … }`. */
                                content: string | ({
                                    type: string;
                                    text?: string | null;
                                } & {
                                    [key: string]: unknown;
                                })[];
                            } & {
                                [key: string]: unknown;
                            })[] | null;
                            /** @description Merged into the top level of the request; an object, or JSON text of one. */
                            params?: (string | {
                                [key: string]: unknown;
                            }) | null;
                            /** @description Entries of short-term memory; 0: none. Default 10. */
                            max_history?: number | null;
                            /** @description Default ["text"]. With `image`, images of clients go with their next words. */
                            input_modalities?: ("text" | "image")[] | null;
                            /** @description Default ["text"]. With `audio` the sound of the answer is played (`delta.audio`), with `text` its text is spoken by `tts`; with ["audio"] and no `tts` the model speaks fixed texts, too. */
                            output_modalities?: ("text" | "audio")[] | null;
                            /** @description Spoken when the first person is there. */
                            greeting_message?: string | null;
                            /** @description A WAV file or raw PCM (16 bits, mono), of at most 8 MiB, played as the greeting; `greeting_message` is what is said in it, and is spoken where it cannot be had. */
                            greeting_audio_url?: string | null;
                            greeting_configs?: {
                                /** @description Greet whoever comes while nobody else is there (default), or only the first. */
                                mode?: ("single_every" | "single_first") | null;
                                /** @description Wait before the greeting. Default 0. */
                                delay_ms?: number | null;
                                /** @description false: the greeting is played to its end. Default true. */
                                interruptable?: boolean | null;
                                /** @description Speech over such a greeting is answered afterwards (`merge_reply`), or remembered without an answer (`context`). Absent: as `interruption` has it. */
                                uninterruptible_asr_policy?: ("merge_reply" | "context") | null;
                                /** @description Longest wait for `greeting_audio_url`. Default 5000. */
                                audio_download_timeout_ms?: number | null;
                                /** @description Of `greeting_audio_url` where it is raw PCM, in hertz; a WAV file knows its own. Default 16000. */
                                audio_pcm_sample_rate?: number | null;
                            } | null;
                            /** @description Spoken when the language model fails. */
                            failure_message?: string | null;
                            /** @description Request style; default openai, `local` is embedded and needs no key. */
                            style?: string | null;
                            /** @description `custom`: requests and `history` tell turn, time and source of each message, too. */
                            vendor?: string | null;
                            /** @description An answer without text is no error. Default false. */
                            ignore_empty?: boolean | null;
                            /** @description Added to each request; an object of texts, or JSON text of one. */
                            headers?: (string | {
                                [key: string]: unknown;
                            }) | null;
                            /** @description Put in place of {{name}} in `system_messages`, `greeting_message`, `failure_message` and `silence_config.content`. */
                            template_variables?: {
                                [key: string]: string;
                            } | null;
                            /** @description `managed`: key and address are the operator's default. */
                            credential_mode?: ("byok" | "managed") | null;
                            /** @description Servers whose tools the model may use, with `enable_tools`. */
                            mcp_servers?: {
                                /** @description Unique among the servers; stands before a tool's name where two servers have one of that name. */
                                name: string;
                                /**
                                 * Format: uri
                                 * @description Address of the server's streamable HTTP endpoint.
                                 */
                                endpoint: string;
                                transport?: "streamable_http" | null;
                                /** @description Sent with each request, for instance `Authorization`. */
                                headers?: {
                                    [key: string]: string;
                                } | null;
                                /** @description Absent or with `"*"`: all; empty: none; else those that are named. */
                                allowed_tools?: string[] | null;
                                /** @description Longest wait for a result; then the conversation goes on without it. Default 10000. */
                                timeout_ms?: number | null;
                            }[] | null;
                            /** @description HTTP requests that the model may ask for. */
                            tools?: {
                                /** @enum {string} */
                                type: "function";
                                function: {
                                    name: string;
                                    /** @description For the model: what it does, and when to use it. */
                                    description?: string | null;
                                    /** @description JSON Schema of the arguments: an object. Absent: there are none. */
                                    parameters?: {
                                        [key: string]: unknown;
                                    } | null;
                                };
                                execution?: {
                                    mode?: "sync" | null;
                                } | null;
                                server: {
                                    /** @description Default POST. */
                                    method?: ("GET" | "POST") | null;
                                    /** @description With placeholders, not for arguments before the path. */
                                    url: string;
                                    /** @description Values may hold placeholders, but no `args`. */
                                    headers?: {
                                        [key: string]: string;
                                    } | null;
                                    /** @description JSON of a POST, with placeholders. Absent: the arguments. */
                                    body?: {
                                        [key: string]: unknown;
                                    } | null;
                                    /** @description Longest wait for the answer. Default 10000. */
                                    timeout_ms?: number | null;
                                };
                            }[] | null;
                            access_key?: string | null;
                            secret_key?: string | null;
                            region?: string | null;
                            model?: string | null;
                            silence_message?: string | null;
                        } | null;
                        turn_detection?: {
                            mode?: "default" | null;
                            /** @description Used where `asr.language` is left out. */
                            language?: string | null;
                            config?: {
                                /** @description Probability that counts as voice. Default 0.5. */
                                speech_threshold?: number | null;
                                start_of_speech?: {
                                    /**
                                     * @description `vad`: speech that goes on interrupts; `keywords`: only these words; `disabled`: nothing; `manual`: the client says when (`user.manual_sos`).
                                     * @enum {string}
                                     */
                                    mode: "vad" | "keywords" | "disabled" | "manual";
                                    vad_config?: {
                                        /** @description Speech over the agent that silences it. Default 160. */
                                        interrupt_duration_ms?: number | null;
                                        /** @description The same while the agent speaks: wins where both are given. */
                                        speaking_interrupt_duration_ms?: number | null;
                                        /** @description Audio kept from before the detected onset. Default 800. */
                                        prefix_padding_ms?: number | null;
                                    } | null;
                                    keywords_config?: {
                                        interrupt_duration_ms?: number | null;
                                        prefix_padding_ms?: number | null;
                                        /** @description What interrupts, in any case. */
                                        triggered_keywords?: string[] | null;
                                    } | null;
                                    disabled_config?: {
                                        /** @description Speech over the agent is answered afterwards, or forgotten. */
                                        strategy?: ("append" | "ignore" | "ignored") | null;
                                    } | null;
                                } | null;
                                end_of_speech?: {
                                    /** @description `vad`: silence alone ends a turn (default); `semantic`: what was said counts, too (English, Chinese); `manual`: the client says when (`user.manual_eos`). */
                                    mode?: ("vad" | "semantic" | "manual") | null;
                                    vad_config?: {
                                        /** @description Default 640. */
                                        silence_duration_ms?: number | null;
                                    } | null;
                                    semantic_config?: {
                                        /** @description After a whole sentence. Default 320. */
                                        silence_duration_ms?: number | null;
                                        /** @description After an unfinished one. -1: without limit. Default 3000. */
                                        max_wait_ms?: number | null;
                                        pause_state_enabled?: boolean | null;
                                    } | null;
                                } | null;
                            } | null;
                            /** @description `agora_vad`; the others belong to `mllm`. */
                            type?: ("agora_vad" | "server_vad" | "semantic_vad") | null;
                            /** @description Before `interruption`. */
                            interrupt_mode?: ("interrupt" | "append" | "ignore" | "keyword" | "keywords" | "adaptive") | null;
                            interrupt_keywords?: string[] | null;
                            interrupt_duration_ms?: number | null;
                            prefix_padding_ms?: number | null;
                            silence_duration_ms?: number | null;
                            threshold?: number | null;
                            eagerness?: string | null;
                            create_response?: unknown | null;
                            interrupt_response?: unknown | null;
                        } | null;
                        interruption?: {
                            /** @description Whether anything interrupts the agent. Default true. */
                            enable?: boolean | null;
                            /** @description Default start_of_speech. */
                            mode?: ("start_of_speech" | "keywords") | null;
                            keywords_config?: {
                                /** @description What interrupts, in any case. */
                                trigger_keywords?: string[] | null;
                            } | null;
                            disabled_config?: {
                                /** @description Speech over the agent is answered afterwards, or forgotten. */
                                strategy?: ("append" | "ignore" | "ignored") | null;
                            } | null;
                        } | null;
                        /** @description The oldest form: `turn_detection` wins, field by field. */
                        vad?: {
                            /** @description Speech over the agent that silences it. Default 160. */
                            interrupt_duration_ms?: number | null;
                            /** @description Audio kept from before the detected onset. Default 300. */
                            prefix_padding_ms?: number | null;
                            /** @description Silence that ends a turn. Default 640. */
                            silence_duration_ms?: number | null;
                            /** @description Probability that counts as voice. Default 0.5. */
                            threshold?: number | null;
                        } | null;
                        parameters?: {
                            /** @description Latencies are sent to clients as they are measured. Default false. */
                            enable_metrics?: boolean | null;
                            /** @description Errors of vendors are sent to clients, too. Default false. */
                            enable_error_message?: boolean | null;
                            silence_config?: {
                                /** @description Without anybody saying anything; 0 (default): off. */
                                timeout_ms?: number | null;
                                /** @description Speak the content (default), or give it to the language model. */
                                action?: ("speak" | "think") | null;
                                content?: string | null;
                            } | null;
                            farewell_config?: {
                                /** @description `leave` lets the agent finish what it is saying. Default false. */
                                graceful_enabled?: boolean | null;
                                /** @description At most so long. Default 30. */
                                graceful_timeout_seconds?: number | null;
                            } | null;
                            /** @description Nothing that is said is kept in the database. Default false. */
                            opt_out?: boolean | null;
                            transcript?: {
                                /** @description Captions carry words with their times. Default false. */
                                enable_words?: boolean | null;
                                enable?: boolean | null;
                                protocol_version?: unknown | null;
                                redundant?: unknown | null;
                            } | null;
                            data_channel?: ("datastream" | "rtm" | "rtc") | null;
                            audio_scenario?: ("default" | "chorus" | "aiserver") | null;
                            speak?: unknown | null;
                            enable_flexible?: unknown | null;
                            output_audio_codec?: unknown | null;
                            aivad_force_threshold?: unknown | null;
                            enable_dump?: unknown | null;
                            sc?: unknown | null;
                        } | null;
                        /** @description Kept with the agent's record. */
                        labels?: {
                            [key: string]: string;
                        } | null;
                        mllm?: {
                            enable?: boolean | null;
                            /** @description `assemblyai`: any endpoint of the Voice Agent API, an engine's own `/v1/ws` included. The others are not built. */
                            vendor?: string | null;
                            /** @description WebSocket of the endpoint. Default `wss://agents.assemblyai.com/v1/ws`. */
                            url?: string | null;
                            api_key?: string | null;
                            /** @description `session` of the endpoint's first `session.update`; tools need `http`. */
                            params?: {
                                [key: string]: unknown;
                            } | null;
                            /** @description What was said before: told to the endpoint, and not answered. */
                            messages?: {
                                /** @enum {string} */
                                role: "system" | "user" | "assistant";
                                content: string;
                            }[] | null;
                            /** @description In place of `params.greeting`. */
                            greeting_message?: string | null;
                            failure_message?: string | null;
                            input_modalities?: unknown | null;
                            output_modalities?: unknown | null;
                            turn_detection?: unknown | null;
                            max_history?: unknown | null;
                            predefined_tools?: unknown | null;
                            tools?: unknown | null;
                            mcp_servers?: unknown | null;
                        } | null;
                        avatar?: {
                            /** @description Not built: `true` is refused. */
                            enable?: boolean | null;
                        } | null;
                        filler_words?: {
                            enable?: boolean | null;
                            trigger?: {
                                mode?: "fixed_time" | null;
                                fixed_time_config?: {
                                    /** @description From the end of somebody's turn; nothing is said where the answer sounds before. Default 1500. */
                                    response_wait_ms?: number | null;
                                } | null;
                            } | null;
                            content?: {
                                /** @description Phrases of `static_config` (default), or words that a language model makes for each answer. */
                                mode?: ("static" | "generated") | null;
                                static_config?: {
                                    /** @description 50 words each at most. */
                                    phrases?: string[] | null;
                                    /** @description By chance (default), or in their order. */
                                    selection_rule?: ("shuffle" | "round_robin") | null;
                                } | null;
                                generated_config?: {
                                    llm_provider?: {
                                        /** @description Address of a chat completion endpoint; `/chat/completions` is appended where it is missing. Absent: the agent's own model. */
                                        url?: string | null;
                                        /** @description Sent as bearer token; empty: none is sent. */
                                        api_key?: string | null;
                                        /** @description Merged into the top level of the request: model, … */
                                        params?: {
                                            [key: string]: unknown;
                                        } | null;
                                    } | null;
                                    /** @description What the model is to do; the conversation follows it. Absent: one of ours. */
                                    prompt?: string | null;
                                    /** @description Where nothing is made in time, a phrase of `static_config`, which is needed then. Absent: such a phrase, if there is one. */
                                    fallback_strategy?: "static" | null;
                                    /** @description Newest entries of the conversation that it is told. Default 6. */
                                    context_message_limit?: number | null;
                                    /** @description Characters of them, together. Default 2000. */
                                    history_character_limit?: number | null;
                                } | null;
                            } | null;
                        } | null;
                        sal?: unknown | null;
                        geofence?: {
                            area?: ("GLOBAL" | "NORTH_AMERICA" | "EUROPE" | "ASIA" | "INDIA" | "JAPAN") | null;
                            exclude_area?: ("NORTH_AMERICA" | "EUROPE" | "ASIA" | "INDIA" | "JAPAN") | null;
                        } | null;
                        rtc?: {
                            encryption_mode?: number | null;
                            encryption_key?: string | null;
                            encryption_salt?: string | null;
                        } | null;
                        agent_rtm_uid?: unknown | null;
                        silence_timeout?: unknown | null;
                    };
                    /** @description Names of the operator's `defaults.presets`, separated by commas: they choose their parts. */
                    preset?: string | null;
                    /** @description A name of the operator's `defaults.presets`: its parts stand where `properties` have none. */
                    pipeline_id?: string | null;
                    graph_id?: unknown | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        create_ts: number;
                        /** @enum {string} */
                        status: "IDLE" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "RECOVERING" | "FAILED";
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Default Response */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                        agent_id: string;
                        create_ts: number;
                        /** @enum {string} */
                        status: "IDLE" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "RECOVERING" | "FAILED";
                    } | ({
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    });
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    leave: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    getAgent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        message: string;
                        start_ts: number;
                        stop_ts: number;
                        /** @enum {string} */
                        status: "IDLE" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "RECOVERING" | "FAILED";
                        agent_id: string;
                        name: string;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    forgetAgent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    listAgents: {
        parameters: {
            query?: {
                /** @description Exact name of a channel. */
                channel?: string;
                /** @description Unix seconds; default two hours ago. */
                from_time?: string;
                /** @description Unix seconds; default now. */
                to_time?: string;
                /** @description Numbers of states, separated by commas; default 2 (RUNNING). */
                state?: string;
                /** @description Entries of one page; default 20. */
                limit?: string;
                /** @description meta.cursor of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                appid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            count: number;
                            list: {
                                start_ts: number;
                                /** @enum {string} */
                                status: "IDLE" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "RECOVERING" | "FAILED";
                                agent_id: string;
                            }[];
                        };
                        meta: {
                            /** @description Where the next page begins; empty on the last, null there for Agora's SDK for Go. */
                            cursor: string | null;
                            total: number;
                        };
                        /** @enum {string} */
                        status: "ok";
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    speak: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What to say, at most 512 bytes of UTF-8. */
                    text: string;
                    /** @description INTERRUPT (default): at once. APPEND: after the current interaction. IGNORE: only if nothing goes on. */
                    priority?: ("INTERRUPT" | "APPEND" | "IGNORE") | null;
                    /** @description Whether speech may cut it. Default true. */
                    interruptable?: boolean | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        channel: string;
                        start_ts: number;
                        /** @enum {string} */
                        action: "spoken" | "queued" | "ignored";
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    interrupt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        channel: string;
                        start_ts: number;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    think: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Taken as if somebody had said it. */
                    text: string;
                    /** @description While somebody speaks: add it to their turn, answer it now (default), drop it, or answer it afterwards. */
                    on_listening_action?: ("inject" | "interrupt" | "ignore" | "append") | null;
                    /** @description While the agent thinks; default interrupt. */
                    on_thinking_action?: ("interrupt" | "ignore" | "append") | null;
                    /** @description While the agent speaks; default ignore. */
                    on_speaking_action?: ("interrupt" | "ignore" | "append") | null;
                    /** @description Whether speech may cut the answer. Default true. */
                    interruptable?: boolean | null;
                    /** @description Your own; not kept. */
                    metadata?: {
                        [key: string]: unknown;
                    } | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        channel: string;
                        start_ts: number;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What is left out stays as it is. */
                    properties?: {
                        /** @description A new token for the agent's channel and uid. */
                        token?: string | null;
                        /** @description From the next request on. `params` replaces all that a body has given; nothing is merged. */
                        llm?: {
                            /** @description Put before every request, in order. */
                            system_messages?: ({
                                /** @enum {string} */
                                role: "system" | "developer" | "user" | "assistant";
                                /** @description Text, or a list of parts such as `{ "type": "text", "text": … }`. */
                                content: string | ({
                                    type: string;
                                    text?: string | null;
                                } & {
                                    [key: string]: unknown;
                                })[];
                            } & {
                                [key: string]: unknown;
                            })[] | null;
                            /** @description Merged into the top level of the request; an object, or JSON text of one. */
                            params?: (string | {
                                [key: string]: unknown;
                            }) | null;
                        } | null;
                        /** @description For agents with `mllm` alone; what is left out stays as it is. */
                        mllm?: {
                            /** @description Fields of `session` of the endpoint's `session.update`, but `tools`. */
                            params?: {
                                [key: string]: unknown;
                            } | null;
                        } | null;
                    } | null;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        create_ts: number;
                        /** @enum {string} */
                        status: "IDLE" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "RECOVERING" | "FAILED";
                        /** @enum {string} */
                        state: "IDLE" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "RECOVERING" | "FAILED";
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    history: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        start_ts: number;
                        status: string;
                        contents: {
                            /** @enum {string} */
                            role: "user" | "assistant";
                            /** @description What was heard. */
                            content: string;
                            turn_id?: number;
                            /** @description Unix milliseconds. */
                            timestamp?: number;
                            /** @description Unix milliseconds. */
                            speech_start_ms?: number;
                            /** @description Unix milliseconds. */
                            speech_end_ms?: number;
                            /** @description Of what somebody said aloud: from the end of the speech until the turn was over, in milliseconds. */
                            speech_algorithmic_delay?: number;
                            metadata?: {
                                source: string;
                                /** @description Uid of who spoke. */
                                user?: string;
                                interrupted?: boolean;
                                /** @description Unix milliseconds. */
                                interrupt_timestamp?: number;
                                /** @description What would have been said. */
                                original?: string;
                            };
                        }[];
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    turns: {
        parameters: {
            query?: {
                /** @description From 1; default 1. */
                page_index?: string;
                /** @description Default 50. */
                page_size?: string;
            };
            header?: never;
            path: {
                appid: string;
                agentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        name: string;
                        channel: string;
                        total_turn_count: number;
                        pagination: {
                            page_index: number;
                            total_pages: number;
                            is_last_page: boolean;
                        };
                        turns: {
                            agent_id: string;
                            channel: string;
                            turn_id: number;
                            start: {
                                /** @description Unix milliseconds. */
                                start_at: number;
                                type: string;
                                metadata: {
                                    [key: string]: unknown;
                                };
                            };
                            end: {
                                /** @description Unix milliseconds. */
                                end_at: number;
                                type: string;
                                metadata: {
                                    [key: string]: unknown;
                                };
                            };
                            metrics: {
                                /** @description End of a person's speech to the agent's first sound. */
                                e2e_latency_ms?: number;
                                segmented_latency_ms: {
                                    name: string;
                                    latency: number;
                                }[];
                            };
                        }[];
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What is wrong, with the field's path, the value and what is allowed; and the kind of error. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        detail: string;
                        reason: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
}

/** Method and path of each operation. */
export const endpoints = {
  join: ["post", "/api/conversational-ai-agent/v2/projects/{appid}/join"],
  leave: ["post", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/leave"],
  getAgent: ["get", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}"],
  forgetAgent: ["delete", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}"],
  listAgents: ["get", "/api/conversational-ai-agent/v2/projects/{appid}/agents"],
  speak: ["post", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/speak"],
  interrupt: ["post", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/interrupt"],
  think: ["post", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/think"],
  update: ["post", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/update"],
  history: ["get", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/history"],
  turns: ["get", "/api/conversational-ai-agent/v2/projects/{appid}/agents/{agentId}/turns"],
} as const;
