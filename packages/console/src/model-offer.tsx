/** Language models that run on this machine and could do the thinking. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Engine } from "./engine-watch.ts";

export function ModelOffer({ engine }: { engine: Engine }): JSX.Element | null {
  const problem = useSignal("");
  const llm = engine.info.value?.llm;
  if (llm === undefined || llm.discovered.length === 0) return null;
  return (
    <section class="offer" aria-label="Language models on this machine">
      {llm.discovered.map((found) => {
        const [model = ""] = found.models;
        const used = llm.using !== "" && (llm.using === found.name || llm.using === found.url || llm.using === model);
        return (
          <p key={found.url}>
            <span>
              {found.name} runs here{model === "" ? "" : `, with ${model}`}.
            </span>
            {used && <span class="tag">in use</span>}
            {!used && llm.canUse && (
              <button
                type="button"
                class="small"
                disabled={engine.choosing.value !== ""}
                onClick={() => void engine.choose(found, model).then((text) => (problem.value = text))}
              >
                Let it think
              </button>
            )}
          </p>
        );
      })}
      {problem.value !== "" && <p role="alert">{problem.value}</p>}
    </section>
  );
}
