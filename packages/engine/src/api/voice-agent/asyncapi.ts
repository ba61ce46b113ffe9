/** The Voice Agent socket as an AsyncAPI 3 document, made from the schemas that its messages are checked with. */
import { voiceAgent } from "@parley/protocol";
import { z } from "zod";

type ClientType = voiceAgent.ClientEvent["type"];
type ServerType = voiceAgent.ServerEvent["type"];

/** A sentence for each message that a client sends; the compiler names the one that is missing. */
const fromClient: Readonly<Record<ClientType, string>> = {
  "session.update": "Starts the session (first message), or changes it.",
  "session.resume": "First message of a new socket: goes on with a session whose socket was lost.",
  "session.end": "Ends the session for good.",
  "input.audio": "The user's voice, in input.format, base64; any length.",
  "tool.result": "What a tool gave, or why it failed.",
  "reply.create": "The agent speaks now; instructions count for this reply alone.",
  "conversation.message": "Becomes part of the conversation; nobody answers it by itself.",
  "reply.cancel": "Stops the agent as a barge-in does. An addition of Parley's.",
};

const fromServer: Readonly<Record<ServerType, string>> = {
  "session.updated": "The configuration that is in force, after each session.update that is accepted.",
  "session.ready": "The session has started, or goes on after session.resume.",
  "session.ended": "The last message.",
  "session.error": "Something was refused, or failed. Some codes close the socket.",
  "input.speech.started": "The user speaks and has the floor: drop what waits to be played.",
  "input.speech.stopped": "The user's turn is over.",
  "transcript.user.delta": "All words of the user's turn so far: replace, do not append.",
  "transcript.user": "What the user said.",
  "reply.started": "The agent takes the floor.",
  "reply.audio": "20 ms of the agent's voice, in output.format, base64.",
  "transcript.agent.delta": "The agent's next word, when it is due to be heard.",
  "transcript.agent": "What the agent said; of a reply that was cut, the words that were heard.",
  "tool.call": "The agent wants a tool to be run: answer with tool.result.",
  "reply.done": "The reply is over, or was interrupted.",
};

export interface SocketMessage {
  readonly name: string;
  readonly summary: string;
  readonly from: "client" | "engine";
  /** JSON schema (draft 7). */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Every message, in the order of the schemas. */
export function socketMessages(): SocketMessage[] {
  return [
    ...voiceAgent.ClientEvent.options.map((schema): SocketMessage => {
      const name = schema.shape.type.value;
      return { name, summary: fromClient[name], from: "client", payload: payloadOf(schema, "input") };
    }),
    ...voiceAgent.ServerEvent.options.map((schema): SocketMessage => {
      const name = schema.shape.type.value;
      return { name, summary: fromServer[name], from: "engine", payload: payloadOf(schema, "output") };
    }),
  ];
}

/** Codes of `session.error`, with the code that the socket is closed with; null: it stays open. */
export const socketErrors: Readonly<Record<string, number | null>> = Object.fromEntries(
  voiceAgent.SessionErrorCode.options.map((code) => [code, voiceAgent.errorCloseCodes[code] ?? null]),
);

export interface AsyncApiOptions {
  readonly version: string;
  /** Host and port under which the engine was reached. */
  readonly host: string;
  readonly secure: boolean;
}

export function asyncApi({ version, host, secure }: AsyncApiOptions): Record<string, unknown> {
  const messages = socketMessages();
  const [address, alias] = voiceAgent.voiceAgentPaths;
  const names = (from: SocketMessage["from"]) => messages.filter((message) => message.from === from).map(({ name }) => name);
  const operation = (action: "send" | "receive", summary: string, from: SocketMessage["from"]) => ({
    action,
    summary,
    channel: { $ref: "#/channels/session" },
    messages: names(from).map((name) => ({ $ref: `#/channels/session/messages/${name}` })),
  });
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Parley: the Voice Agent socket",
      version,
      description: `A voice conversation over one WebSocket, one JSON object in each text frame. ${alias} is the same. Frames of more than ${voiceAgent.maxFrameBytes} bytes close it with 1009.`,
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/json",
    servers: {
      engine: {
        host,
        protocol: secure ? "wss" : "ws",
        security: ["bearer", "token"].map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
      },
    },
    channels: {
      session: {
        address,
        title: "A session",
        messages: Object.fromEntries(messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: {
          ws: {
            method: "GET",
            query: {
              type: "object",
              properties: { token: { type: "string", description: "A temporary token of GET /v1/token, or an API key." } },
            },
            bindingVersion: "0.1.0",
          },
        },
      },
    },
    operations: {
      hear: operation("receive", "What a client sends.", "client"),
      tell: operation("send", "What the engine sends.", "engine"),
    },
    components: {
      messages: Object.fromEntries(
        messages.map(({ name, summary, payload }) => [
          name,
          {
            name,
            title: name,
            summary,
            contentType: "application/json",
            payload,
            ...(name === "session.error" ? { "x-close-codes": socketErrors } : {}),
          },
        ]),
      ),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An API key of the project, on the upgrade; also without the word Bearer." },
        token: {
          type: "httpApiKey",
          in: "query",
          name: "token",
          description: "A temporary token, for one session; or the resume_token of a session, to go on with that one.",
        },
      },
    },
  };
}

const Json = z.record(z.string(), z.unknown());

function payloadOf(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _dialect, ...json } = Json.parse(z.toJSONSchema(schema, { target: "draft-7", io, unrepresentable: "any" }));
  return json;
}
