/** The documentation, made from the schemas that check requests and messages: `/openapi.json`, `/asyncapi.json`, and `/docs` to read. */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform } from "fastify-type-provider-zod";
import { z } from "zod";
import { asyncApi, socketErrors, type SocketMessage, socketMessages } from "./voice-agent/asyncapi.ts";
import { baseUrl } from "./base-url.ts";

/** Before the doors: only what comes later is documented. */
export function addDocs(server: FastifyInstance, version: string): void {
  void server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Parley",
        version,
        description:
          "The REST door: Agora Conversational AI v2, self-hosted. The same paths answer under /cn/api/conversational-ai-agent and without prefix. Under /v1: the REST beside the Voice Agent socket.",
        license: { name: "Apache-2.0" },
      },
      components: {
        securitySchemes: {
          basic: { type: "http", scheme: "basic", description: "Customer id and secret." },
          apiKey: { type: "http", scheme: "bearer", description: "An API key of the project; also without the word Bearer." },
          token: { type: "apiKey", in: "header", name: "authorization", description: "agora token=<007 token of the project>" },
        },
      },
    },
    transform: jsonSchemaTransform,
  });
  void server.register((app, _options, done) => {
    app.get("/openapi.json", { schema: { hide: true } }, async () => server.swagger());
    app.get("/asyncapi.json", { schema: { hide: true } }, async (request) => {
      const { host, protocol } = new URL(baseUrl(request));
      return asyncApi({ version, host, secure: protocol === "https:" });
    });
    app.get("/docs", { schema: { hide: true } }, async (_request, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
        .send(renderDocs(Document.parse(server.swagger()))),
    );
    done();
  });
}

interface Schema {
  readonly type?: string | readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
}

const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.looseObject({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    maxItems: z.number().optional(),
    properties: z.record(z.string(), Schema).optional(),
    required: z.array(z.string()).optional(),
    items: Schema.optional(),
    anyOf: z.array(Schema).optional(),
  }),
);
const Content = z.record(z.string(), z.looseObject({ schema: Schema.optional() })).optional();
const Operation = z.looseObject({
  tags: z.array(z.string()).default([]),
  summary: z.string().optional(),
  parameters: z
    .array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional(), description: z.string().optional() }))
    .default([]),
  requestBody: z.looseObject({ content: Content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: Content })).default({}),
});
const Document = z.looseObject({
  info: z.looseObject({ title: z.string(), version: z.string(), description: z.string().optional() }),
  paths: z.record(z.string(), z.record(z.string(), Operation)).default({}),
});

/** Of the Voice Agent REST's operations; all others are the REST door's. */
const VOICE_AGENT = "Voice Agent";

function renderDocs({ info, paths }: z.output<typeof Document>): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      voice: operation.tags.includes(VOICE_AGENT),
      html: renderOperation(path, method, operation),
    })),
  );
  const partOf = (voice: boolean) => operations.filter((operation) => operation.voice === voice).map(({ html }) => html);
  const socket = socketMessages();
  const from = (who: SocketMessage["from"]) => socket.filter((message) => message.from === who).map(renderMessage);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(info.title)}: reference</title><style>${STYLE}</style></head><body><main>
<h1>${escape(info.title)} <small>${escape(info.version)}</small></h1>
<nav><a href="#rest">REST door</a> <a href="#voice-agent">Voice Agent REST</a> <a href="#socket">Voice Agent socket</a></nav>
<h2 class="part" id="rest">The REST door</h2><p>${escape(info.description ?? "")}</p>
<p>Every request carries <code>Authorization: Basic …</code> (customer id and secret) or <code>Authorization: agora token=…</code>. Errors are <code>{"detail", "reason"}</code>. As data: <a href="/openapi.json">/openapi.json</a>.</p>
${partOf(false).join("\n")}
<h2 class="part" id="voice-agent">The REST beside the Voice Agent socket</h2>
<p>Every request carries <code>Authorization: Bearer</code> and an API key of the project. Errors are <code>{"code", "message", "param", "detail", "request_id"}</code>. As data: <a href="/openapi.json">/openapi.json</a>. How the voices sound: <a href="/voices">/voices</a>.</p>
${partOf(true).join("\n")}
<h2 class="part" id="socket">The Voice Agent socket</h2>
<p><code>/v1/ws</code>, a WebSocket: one JSON object in each text frame, told apart by <code>type</code>. An API key comes in <code>Authorization</code>, a temporary token as <code>?token=</code>. As data: <a href="/asyncapi.json">/asyncapi.json</a> (AsyncAPI 3).</p>
<h2>What a client sends</h2>
${from("client").join("\n")}
<h2>What the engine sends</h2>
${from("engine").join("\n")}
<section><h2>Codes of session.error</h2><table>${Object.entries(socketErrors)
    .map(
      ([code, close]) =>
        `<tr><td><code>${escape(code)}</code></td><td>${close === null ? "the socket stays open, unless it is the first message that is refused" : `closes with ${close}`}</td></tr>`,
    )
    .join("")}</table></section>
</main></body></html>`;
}

function renderMessage({ name, summary, payload }: SocketMessage): string {
  return `<section><h3 class="message" id="${escape(name)}">${escape(name)}</h3><p>${escape(summary)}</p><table>${rowsOf(Schema.parse(payload), "").join("")}</table></section>`;
}

function renderOperation(
  path: string,
  method: string,
  { summary, parameters, requestBody, responses }: z.output<typeof Operation>,
): string {
  const body = schemaOf(requestBody?.content);
  const query = parameters.filter((parameter) => parameter.in === "query");
  const answers = Object.entries(responses).map(([status, { content }]) => {
    const fields = Object.keys(schemaOf(content)?.properties ?? {});
    return `<tr><td>${escape(status)}</td><td>${fields.map((name) => `<code>${escape(name)}</code>`).join(" ")}</td></tr>`;
  });
  return `<section><h2>${escape(summary ?? path)}</h2><p class="path"><b>${escape(method.toUpperCase())}</b> ${escape(path)}</p>
${query.length === 0 ? "" : `<h3>Query</h3><table>${query.map(({ name, description }) => `<tr><td><code>${escape(name)}</code></td><td>${prose(description ?? "")}</td></tr>`).join("")}</table>`}
${body === undefined ? "" : `<h3>Body</h3><table>${rowsOf(body, "").join("")}</table>`}
<h3>Answers</h3><table>${answers.join("")}</table></section>`;
}

/** A row for each field, nested ones with their whole path. */
function rowsOf(schema: Schema, parent: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = parent === "" ? name : `${parent}.${name}`;
    const own = field.anyOf?.find(({ type }) => type !== "null") ?? field;
    const required = schema.required?.includes(name) === true;
    const inner = own.items?.properties === undefined ? rowsOf(own, path) : rowsOf(own.items, `${path}[]`);
    const description = field.description ?? own.description ?? "";
    return [
      `<tr><td><code>${escape(path)}</code>${required ? " *" : ""}</td><td>${escape(typeOf(own))}</td><td>${prose(description)}</td></tr>`,
      ...inner,
    ];
  });
}

function typeOf(schema: Schema): string {
  const { type, enum: values, const: only, items } = schema;
  if (only !== undefined) return JSON.stringify(only);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (items !== undefined) return `list of ${typeOf(items)}${limitsOf(schema)}`;
  return type === undefined ? "any" : `${[type].flat().join(" | ")}${limitsOf(schema)}`;
}

/** What numbers, texts and lists are held to, as far as that is not just a computer's own limit. */
function limitsOf({ minimum, maximum, minLength, maxLength, maxItems }: Schema): string {
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return `, ${low} to ${high}`;
  if (low !== undefined) return `, at least ${low}`;
  if (high !== undefined) return `, at most ${high}`;
  if (minLength !== undefined && maxLength !== undefined && minLength > 1) return `, ${minLength} to ${maxLength} characters`;
  if (maxLength !== undefined) return `, at most ${maxLength} characters`;
  return maxItems === undefined ? "" : `, at most ${maxItems} entries`;
}

function schemaOf(content: z.output<typeof Content>): Schema | undefined {
  return Object.values(content ?? {})[0]?.schema;
}

/** With what stands in backticks as code. */
function prose(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const STYLE = `:root{color-scheme:light dark;font:16px/1.55 system-ui,sans-serif}body{margin:0}main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem}
h1 small{font-weight:400;opacity:.6}nav a{margin-right:1rem}.part{border-top:3px solid;margin-top:4rem;padding-top:1rem}.message{font:600 1.1rem ui-monospace,monospace;margin:.5rem 0}section{border-top:1px solid #8884;margin-top:2.5rem;padding-top:1rem}h2{margin:.5rem 0}h3{margin:1.25rem 0 .25rem;font-size:1rem}
.path{font-family:ui-monospace,monospace;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}td{border-bottom:1px solid #8883;padding:.35rem .75rem .35rem 0;vertical-align:top;overflow-wrap:anywhere}td:first-child{width:36%}
code{font-family:ui-monospace,monospace;font-size:.92em}@media(max-width:40rem){td,td:first-child{display:block;width:auto;border:0;padding:.1rem 0}tr{display:block;padding:.4rem 0;border-bottom:1px solid #8883}}`;
