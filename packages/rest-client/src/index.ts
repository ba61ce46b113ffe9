/** Parley's REST door, typed: for Node and browsers, without a runtime dependency. */
export { type AnswerOf, type Credentials, type InputOf, restClient, type RestClient, type RestClientOptions } from "./client.ts";
export { RestError } from "./rest-error.ts";
export type { components, operations, paths } from "./generated.ts";
