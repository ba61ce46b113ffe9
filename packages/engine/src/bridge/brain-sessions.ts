/** Starts the session that a config asks for: one with an endpoint for a brain, or one of the engine's own. */
import type { SessionRequest, Sessions } from "../projects/running-session.ts";
import type { ReadMessage } from "../session/client-message.ts";
import { Ticker } from "../session/clock.ts";
import type { Network } from "../vendors/network.ts";
import { BrainSession } from "./brain-session.ts";
import { httpTools } from "./http-tool.ts";

export interface BrainSessionsOptions {
  /** For agents without a brain of that kind. */
  readonly own: Sessions;
  readonly readMessage: ReadMessage;
  readonly network: Network;
}

export function withBrains({ own, readMessage, network }: BrainSessionsOptions): Sessions {
  const ticker = new Ticker();
  return {
    async start(request: SessionRequest) {
      const { config, open, signal, restored, onStart } = request;
      const { brain } = config;
      if (brain === undefined) return await own.start(request);
      // Refused before it is in the channel.
      const dispatcher = network.socketDispatcher({ vendor: "mllm", url: new URL(brain.url), trusted: false });
      const tools = httpTools(brain.session.tools ?? [], { network, trusted: false });
      const clock = ticker.clock();
      const transport = await open(clock, signal);
      const session = new BrainSession({
        clock,
        transport,
        config: { ...config, brain },
        readMessage,
        dispatcher,
        tools,
        ...(restored === undefined ? {} : { restored }),
      });
      onStart(session);
      return session;
    },
  };
}
