/** Remembers the running call in the tab, so that a page that reloads goes on with it. */
import type { CallWish, StartedCall } from "./engine.ts";

const key = "parley-call";

interface Remembered {
  readonly wish: string;
  readonly call: StartedCall;
}

export function rememberCall(wish: CallWish, call: StartedCall): void {
  try {
    sessionStorage.setItem(key, JSON.stringify({ wish: JSON.stringify(wish), call } satisfies Remembered));
  } catch {
    // Storage is switched off: a reload starts a new call.
  }
}

export function forgetCall(): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Storage is switched off: there is nothing to forget.
  }
}

/** The call that this tab was in for the same wish when it was reloaded. */
export function rememberedCall(wish: CallWish): StartedCall | undefined {
  const remembered = readRemembered();
  return remembered?.wish === JSON.stringify(wish) ? remembered.call : undefined;
}

/** Whether this tab was in a call when it was reloaded. */
export function wasInCall(): boolean {
  return readRemembered() !== undefined;
}

function readRemembered(): Remembered | undefined {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(key) ?? "null");
    return isRemembered(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== "object" || value === null || !("wish" in value) || !("call" in value)) return false;
  const { call } = value;
  if (typeof call !== "object" || call === null) return false;
  return ["appId", "channel", "uid", "token", "agentId", "agentUid"].every((name) => typeof Reflect.get(call, name) === "string");
}
