/** Joins a channel that someone else set up: another agent's, or one with other people. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import type { Wish } from "./query.ts";

export function JoinForm({ call, wish }: { call: Call; wish: Wish }): JSX.Element {
  const appId = useSignal(wish.appId);
  const channel = useSignal(wish.channel);
  const uid = useSignal(wish.uid);
  const token = useSignal(wish.token);
  const join = (event: Event): void => {
    event.preventDefault();
    void call.start({
      kind: "seat",
      seat: {
        appId: appId.value.trim(),
        channel: channel.value.trim(),
        uid: uid.value.trim(),
        token: token.value.trim(),
      },
    });
  };
  const field = (label: string, name: string, hint: string, value: typeof appId, required: boolean): JSX.Element => (
    <label class="field">
      <span>{label}</span>
      <input
        name={name}
        required={required}
        placeholder={hint}
        autocomplete="off"
        spellcheck={false}
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
      />
    </label>
  );
  return (
    <form class="join" data-testid="join" onSubmit={join}>
      {field("App ID", "app_id", "32 hexadecimal digits", appId, true)}
      {field("Channel", "channel", "demo", channel, true)}
      {field("Uid", "uid", "left empty: the token’s", uid, false)}
      {field("Token", "token", "007…", token, false)}
      <button type="submit" class="primary">
        Join
      </button>
    </form>
  );
}
