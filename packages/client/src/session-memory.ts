/** Remembers a channel's session in the tab, so that a page that reloads can take its own uid over. */

/** The session this tab had under any of these names; undefined where there is none or storage is switched off. */
export function sessionFor(url: URL, appId: string, channel: string, uid: string): string | undefined {
  try {
    return sessionStorage.getItem(keyFor(url, appId, channel, uid)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a session under the uid that was asked for and the one that was given. */
export function rememberSession(url: URL, appId: string, channel: string, uids: readonly string[], sessionId: string): void {
  try {
    for (const uid of uids) sessionStorage.setItem(keyFor(url, appId, channel, uid), sessionId);
  } catch {
    // Storage is switched off or full: a reload joins as someone new.
  }
}

function keyFor(url: URL, appId: string, channel: string, uid: string): string {
  return `parley-session ${JSON.stringify([url.host, appId, channel, uid])}`;
}
