import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import { faultsOf } from "../../faults.ts";
import type { ToolPlan } from "../../vendors/tool-source.ts";
import { joinBody, styles, vendors } from "./door-stage.ts";
import { toConfig } from "./to-config.ts";

const url = "https://llm.example/v1/chat/completions";

const tool = (change: Record<string, unknown> = {}, described: Record<string, unknown> = {}) => ({
  type: "function",
  function: { name: "get_order", description: "Finds an order", parameters: { properties: { id: { type: "string" } } }, ...described },
  execution: { mode: "sync" },
  server: { method: "POST", url: "https://shop.example/orders/{{args.id}}", ...change },
});

function translate(llm: Record<string, unknown>, enable?: boolean): ToolPlan | undefined | string[] {
  const body = joinBody("agent", { llm: { url, ...llm }, advanced_features: { enable_tools: enable } });
  const parsed = rest.JoinBody.safeParse(body);
  if (!parsed.success) return faultsOf(parsed.error, body).map(({ message }) => message);
  const translation = toConfig(parsed.data, { vendors, styles, defaults: { asr: {}, maxHistory: 10 }, firstUserTimeoutS: 600 });
  return translation.ok ? translation.request.config.toolPlan : translation.faults.map(({ message }) => message);
}

test("an inline tool with everything, and one with its defaults", () => {
  const variables = { tenant: "acme", base: "https://shop.example" };
  const body = { id: "{{args.id}}" };
  expect(
    translate({
      template_variables: variables,
      tools: [
        tool({
          url: "{{template_variables.base}}/{{template_variables.tenant}}",
          headers: { "x-tenant": "{{template_variables.tenant}}" },
          body,
          timeout_ms: 1000,
        }),
        { type: "function", function: { name: "ping" }, server: { url: "https://shop.example/ping", method: "GET" } },
      ],
    }),
  ).toEqual({
    http: [
      {
        name: "get_order",
        description: "Finds an order",
        parameters: { type: "object", properties: { id: { type: "string" } } },
        method: "POST",
        url: "{{template_variables.base}}/{{template_variables.tenant}}",
        headers: { "x-tenant": "{{template_variables.tenant}}" },
        body,
        variables,
        timeoutMs: 1000,
      },
      {
        name: "ping",
        description: "",
        parameters: { type: "object", properties: {} },
        method: "GET",
        url: "https://shop.example/ping",
        headers: {},
        variables,
        timeoutMs: 10_000,
      },
    ],
    servers: [],
  });
});

test("MCP servers count with enable_tools alone; an empty list of allowed tools is none, an absent one all", () => {
  const servers = [
    {
      name: "crm",
      endpoint: "https://mcp.example/mcp",
      transport: "streamable_http",
      headers: { authorization: "Bearer x" },
      allowed_tools: [],
    },
    { name: "erp", endpoint: "https://erp.example/mcp", timeout_ms: 500 },
  ];
  expect(translate({ mcp_servers: servers }, true)).toEqual({
    http: [],
    servers: [
      { name: "crm", url: "https://mcp.example/mcp", headers: { authorization: "Bearer x" }, allowed: [], timeoutMs: 10_000 },
      { name: "erp", url: "https://erp.example/mcp", headers: {}, timeoutMs: 500 },
    ],
  });
  expect(translate({ mcp_servers: servers })).toBeUndefined();
  expect(translate({ mcp_servers: servers, tools: [tool()] }, false)).toMatchObject({ http: [{ name: "get_order" }], servers: [] });
});

const at = "properties.llm.tools[0]";
const mcp = (change: Record<string, unknown>) => ({ mcp_servers: [{ name: "crm", endpoint: "https://mcp.example/mcp", ...change }] });
test.each<[Record<string, unknown>, string]>([
  [{ tools: [tool({ method: "PUT" })] }, `${at}.server.method`],
  [{ tools: [tool({ timeout_ms: 999 })] }, `${at}.server.timeout_ms`],
  [{ tools: [tool({ timeout_ms: 100_001 })] }, `${at}.server.timeout_ms`],
  [{ tools: [{ ...tool(), type: "mcp" }] }, `${at}.type`],
  [{ tools: [{ ...tool(), execution: { mode: "async" } }] }, `${at}.execution.mode`],
  [{ tools: [tool({}, { name: "get order" })] }, `${at}.function.name`],
  [{ tools: [tool({}, { parameters: { type: "array" } })] }, `${at}.function.parameters.type`],
  [{ tools: [tool({ url: "ftp://shop.example" })] }, `${at}.server.url`],
  [{ tools: [tool({ url: "/orders" })] }, `${at}.server.url`],
  [{ tools: [tool({ url: "https://{{args.host}}/orders" })] }, `${at}.server.url`],
  [{ tools: [tool({ url: "{{tool_call_id}}://shop.example/" })] }, `${at}.server.url`],
  [
    { tools: [tool({ url: "https://shop.example/{{template_variables.tenant}}" })] },
    `${at}.server.url: "{{template_variables.tenant}}" has no value`,
  ],
  [{ tools: [tool({ body: { a: [{ b: "{{ template_variables.key }}" }] } })] }, `${at}.server.body`],
  [{ tools: [tool({ headers: { "x-id": "{{args.id}}" } })] }, `${at}.server.headers.x-id`],
  [{ tools: [tool({ headers: { host: "elsewhere.example" } })] }, `${at}.server.headers`],
  [{ tools: [tool({ headers: { "x-a": "a\r\nx-b: b" } })] }, `${at}.server.headers.x-a`],
  [{ tools: [tool({ method: "GET", body: { a: 1 } })] }, `${at}.server.body`],
  [{ tools: [tool(), tool()] }, "properties.llm.tools[1].function.name"],
  [mcp({ name: "c-r-m" }), "properties.llm.mcp_servers[0].name"],
  [mcp({ name: "a".repeat(49) }), "properties.llm.mcp_servers[0].name"],
  [mcp({ endpoint: "mcp.example" }), "properties.llm.mcp_servers[0].endpoint"],
  [mcp({ transport: "sse" }), "properties.llm.mcp_servers[0].transport"],
  [mcp({ headers: { "content-length": "1" } }), "properties.llm.mcp_servers[0].headers"],
  [{ mcp_servers: [...mcp({}).mcp_servers, ...mcp({}).mcp_servers] }, "properties.llm.mcp_servers[1].name"],
])("what cannot work is refused by path: %j", (llm, message) => {
  const faults = translate(llm, true);
  expect(faults).toHaveLength(1);
  expect((faults as string[])[0]).toContain(message);
});
