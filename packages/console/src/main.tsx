/** Opens the page: the call, its theme and its keys, and what the address asks for. */
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/stage.css";
import "./styles/captions.css";
import "./styles/panels.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.tsx";
import { Call, type Start } from "./call.ts";
import { Engine } from "./engine-watch.ts";
import { listenToKeys } from "./keyboard.ts";
import { readWish, type Wish } from "./query.ts";
import { wasInCall } from "./resume.ts";
import { openTheme } from "./theme.ts";

const page = document.documentElement;
const wish = readWish(location.search);
const call = new Call();
const engine = new Engine(call);
const theme = openTheme(page);
const begin = (): void => void call.start(startOf(wish));

effect(() => {
  page.dataset["state"] = call.state.value;
});
effect(() => {
  const latencyMs = call.latencyMs.value;
  if (latencyMs === null) delete page.dataset["lastLatencyMs"];
  else page.dataset["lastLatencyMs"] = String(Math.round(latencyMs));
});
listenToKeys(call, begin);
const root = document.getElementById("app");
if (root !== null) render(<App call={call} engine={engine} theme={theme} wish={wish} begin={begin} />, root);
engine.watch();
if (wish.autostart || wasInCall()) begin();

/** An App ID in the address means a channel that someone else set up; else the page calls an agent of its own. */
function startOf({ appId, channel, uid, token, greeting, silenceMs }: Wish): Start {
  if (appId !== "" && channel !== "") return { kind: "seat", seat: { appId, channel, uid, token } };
  return {
    kind: "agent",
    wish: {
      ...(greeting === undefined ? {} : { greeting }),
      ...(silenceMs === undefined ? {} : { silenceMs }),
      ...(channel === "" ? {} : { channel }),
    },
  };
}
