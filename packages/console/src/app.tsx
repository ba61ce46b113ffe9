/** The page: a header, the stage with the two voices, the captions, and what is needed below them. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import { CaptionList } from "./caption-list.tsx";
import { atHome } from "./engine.ts";
import { Dock } from "./dock.tsx";
import type { Engine } from "./engine-watch.ts";
import { Header } from "./header.tsx";
import { JoinForm } from "./join-form.tsx";
import { ModelOffer } from "./model-offer.tsx";
import { Notices } from "./notices.tsx";
import { Problem } from "./problem.tsx";
import type { Wish } from "./query.ts";
import { Stage } from "./stage.tsx";
import type { ThemeControl } from "./theme.ts";
import { WayOn } from "./way-on.tsx";

export interface PageProps {
  call: Call;
  engine: Engine;
  theme: ThemeControl;
  wish: Wish;
  begin: () => void;
}

export function App({ call, engine, theme, wish, begin }: PageProps): JSX.Element {
  const joining = useSignal((wish.appId !== "" || !atHome) && !wish.autostart);
  const phase = call.phase.value;
  const inCall = phase === "live" || phase === "connecting";
  const spoken = call.captions.value.length > 0;
  const layout = inCall ? "call" : spoken ? "after" : "before";
  return (
    <div class="page" data-layout={layout}>
      <Header call={call} engine={engine} theme={theme} />
      <main class="main">
        <Problem call={call} begin={begin} />
        <Stage call={call} engine={engine} begin={begin} welcome={layout === "before" && !joining.value} />
        <Notices call={call} />
        {!inCall && (
          <div class="choices">
            <button type="button" class="quiet" aria-expanded={joining.value} onClick={() => (joining.value = !joining.value)}>
              {joining.value ? "Close the form" : "Join a channel instead"}
            </button>
            {joining.value && <JoinForm call={call} wish={wish} />}
            {layout === "before" && !joining.value && <ModelOffer engine={engine} />}
          </div>
        )}
        <div class="below">
          {(inCall || spoken) && <CaptionList call={call} live={inCall} />}
          {layout === "after" && (
            <div class="after">
              <ModelOffer engine={engine} />
              <WayOn engine={engine} />
            </div>
          )}
        </div>
      </main>
      {inCall && <Dock call={call} />}
    </div>
  );
}
