/** What was said before, once more: repeated, slower, or from where it was interrupted. */
import type { Question } from "./question.ts";

/** How far back an interrupted answer is looked for, in exchanges: "stop", then "go on". */
const reach = 3;

/** The answer in short pieces, each with a pause after it. */
function slowly(text: string): string {
  return text
    .replace(/[,;:]\s+(\p{L})/gu, (_, letter: string) => `. ${letter.toUpperCase()}`)
    .replace(/(?<=\p{L})\s+(?=(?:and|or|but|because|if|when|which|that|with|from|until)\s)/gu, ", ");
}

/** What is left of an answer that was not heard to its end. */
function rest(full: string, heard: string): string {
  const ear = heard.trim().replace(/[.…]+$/, "");
  return full.startsWith(ear) ? full.slice(ear.length).replace(/^[\s.,;:!?…]+/, "") : "";
}

export function again(question: Question): string | undefined {
  const { text, before } = question;
  const last = before.length - 1;

  if (
    /^(?:(?:say|repeat)(?: that| it| this)?(?: one more time| once more| once again| again)?|(?:repeat|say again)(?: the)?(?: last)?(?: answer| sentence| thing)?|once more|one more time|again|come again|pardon|sorry what|what|what did you say|what was that|i did not (?:catch|get|hear|understand) (?:that|you|it)|huh|excuse me|repeat yourself|say that again|what did you just say|come again)$/.test(
      text,
    )
  ) {
    const answer = last < 0 ? "" : question.full(last);
    return answer === "" ? "There is nothing to repeat yet. Ask me something first." : answer;
  }
  if (
    /^(?:(?:a (?:bit|little) |much )?(?:slower|more slowly)|slow down(?: a (?:bit|little))?|(?:speak|talk|say (?:that|it)|repeat (?:that|it))(?: again)? (?:a (?:bit|little) |much )?(?:slower|more slowly|slowly)|not so fast|you (?:are|speak|talk) too fast|that was too fast|too fast)$/.test(
      text,
    )
  ) {
    const answer = last < 0 ? "" : question.full(last);
    if (answer === "") return "I keep one speed while I speak. Ask me something, and I will put pauses into the answer.";
    return slowly(answer);
  }
  if (
    /^(?:(?:speak|talk|be|a (?:bit|little)) )*(?:louder|up|quieter|more quietly|faster|quicker)(?: a (?:bit|little))?$|^(?:speak|talk) (?:up|faster)$|^i can not hear you$|^you are too (?:loud|quiet|slow)$/.test(
      text,
    )
  ) {
    return "My loudness and speed are settings of the voice. You can change the loudness on your own device, and the speed where the voice is chosen.";
  }
  if (
    /^(?:go on|continue|please continue|carry on|keep going|go ahead|and then|what (?:happened|comes|happens) (?:next|then)|resume|finish (?:that|it|your sentence|the story|the joke)|and|so|then what|what then|what next|where were we)$/.test(
      text,
    )
  ) {
    for (let at = last; at >= 0 && at > last - reach; at -= 1) {
      const left = rest(question.full(at), before[at]?.heard ?? "");
      if (left !== "") return left;
    }
    if (text === "go ahead") return undefined;
    return last < 0
      ? "I have not said anything yet. What would you like to hear?"
      : "That was all I had to say about it. What would you like next?";
  }
  return undefined;
}
