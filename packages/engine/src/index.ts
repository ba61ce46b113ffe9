/** The engine, to run inside another program. */
export { type EngineOptions, runEngine } from "./main.ts";
export { AppError, type ErrorCode } from "./errors.ts";
export type { Llm, LlmMessage, LlmStyle, Vendor } from "./vendors/vendor.ts";
