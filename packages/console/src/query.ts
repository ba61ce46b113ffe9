/** What the address asks for: a channel to join, or a call that begins by itself. */

export interface Wish {
  readonly appId: string;
  readonly channel: string;
  readonly uid: string;
  readonly token: string;
  /** Begin without a click. */
  readonly autostart: boolean;
  /** `off`: the agent waits to be spoken to; other text is what it says first; undefined: its own greeting. */
  readonly greeting: string | undefined;
  /** Silence that ends a turn, in milliseconds. */
  readonly silenceMs: number | undefined;
}

export function readWish(search: string): Wish {
  const query = new URLSearchParams(search);
  const text = (name: string): string => query.get(name)?.trim() ?? "";
  const silenceMs = Number(text("silence_ms"));
  return {
    appId: text("app_id"),
    channel: text("channel"),
    uid: text("uid"),
    token: text("token"),
    autostart: ["1", "true"].includes(text("autostart")),
    greeting: query.get("greeting") ?? undefined,
    silenceMs: silenceMs > 0 ? silenceMs : undefined,
  };
}
