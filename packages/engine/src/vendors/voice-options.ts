/** What a door or the operator says of a voice, as its vendor's schema wants it. */
import type { Vendor } from "./vendor.ts";

export interface VoiceWish {
  readonly params?: Readonly<Record<string, unknown>> | null | undefined;
  readonly url?: string | null | undefined;
  readonly headers?: Readonly<Record<string, string>> | null | undefined;
}

/** `trusted`: the operator has chosen it, and it may lie in any network. */
export function voiceOptions(
  { addressed = false }: Pick<NonNullable<Vendor["tts"]>, "addressed">,
  { params, url, headers }: VoiceWish,
  { trusted }: { readonly trusted: boolean },
): Readonly<Record<string, unknown>> {
  if (!addressed) return params ?? {};
  return { url: url ?? undefined, headers: headers ?? {}, params: params ?? {}, trusted };
}
