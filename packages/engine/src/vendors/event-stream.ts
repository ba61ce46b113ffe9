/** Server-sent events, read leniently: also lines that a strict reader drops but that real servers use to report errors. */

/** Longest line and longest event, in characters. */
const mostCharacters = 1_048_576;

export class EventTooLong extends Error {
  constructor() {
    super(`an event of more than ${mostCharacters} characters`);
    this.name = "EventTooLong";
  }
}

/**
 * The data of each event, in order. `data:` may lack its space, lines may end in any of the three ways, an event at
 * the very end may lack its empty line, and a bare line that is a JSON object counts as an event.
 */
export async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  let data: string[] = [];
  let held = 0;

  function* take(line: string): Generator<string, void, undefined> {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
      held = 0;
    } else if (line.startsWith("data:")) {
      const value = line.slice(line.startsWith("data: ") ? 6 : 5);
      data.push(value);
      held += value.length;
      if (held > mostCharacters) throw new EventTooLong();
    } else if (line.startsWith("{")) {
      yield line;
    }
  }

  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > mostCharacters) throw new EventTooLong();
    for (const line of lines) yield* take(line);
  }
  rest += decoder.decode();
  for (const line of rest.split(/\r\n|\n|\r/)) yield* take(line);
  yield* take("");
}
