/** What was said as plain words: no punctuation, no contractions, no politeness around it. */

const contractions: readonly (readonly [RegExp, string])[] = [
  [/\bwon't\b/g, "will not"],
  [/\bcan't\b/g, "can not"],
  [/\bcannot\b/g, "can not"],
  [/\blet's\b/g, "let us"],
  [/\b(what|who|where|when|how|why|that|it|there|here|he|she)'s\b/g, "$1 is"],
  [/\bwhats\b/g, "what is"],
  [/n't\b/g, " not"],
  [/'re\b/g, " are"],
  [/'m\b/g, " am"],
  [/'ll\b/g, " will"],
  [/'ve\b/g, " have"],
  [/'d\b/g, " would"],
];

/** Lower case, contractions spelt out, punctuation gone; decimal points and the colon of a time stay. */
export function plain(raw: string): string {
  let text = raw.normalize("NFKC").toLowerCase().replace(/[’‘`]/g, "'");
  for (const [pattern, replacement] of contractions) text = text.replace(pattern, replacement);
  return text
    .replace(/(?<=\d),(?=\d{3}\b)/g, "")
    .replace(/(?<!\d)[.:]|[.:](?!\d)/g, " ")
    .replace(/[^\p{L}\p{N}'.:%+*/=×÷°$€£-]+/gu, " ")
    .replace(/(?<!\d)-|-(?!\d)/g, (dash, at: number, whole: string) => (/\s/.test(whole[at + 1] ?? " ") ? " " : dash === "-" ? " " : dash))
    .replace(/(^|\s)'+|'+(?=\s|$)/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

const lead =
  /^(?:(?:um+|uh+|er+|ah|oh|so|well|okay|ok|now|and|but|please|hey|alright|all right|right|actually|look|listen|parley)\s+)+(?=\S)/;
const politeness =
  /^(?:(?:please|kindly) )?(?:(?:can|could|would|will|may|might) (?:you|i|we) (?:please |kindly |just |maybe |possibly )*(?:tell me|explain to me|let me know|say to me)(?: about)? |do you (?:happen to )?know |i (?:would like|want|wish|need) (?:you )?to (?:know |ask (?:you )?|tell me )|i (?:was )?wonder(?:ing)? |(?:please )?tell me (?!a |an |another |something |about |more |your |some |the story|one )|(?:can|could) i ask (?:you )?)(?:if |whether )?/;
const request =
  /^(?:can|could|would|will) you (?:please |kindly |just |maybe )*(?=\w)|^(?:please|kindly) |^i (?:would like|want|need) you to /;
const tail = /(?:\s+(?:please|thanks|thank you|for me|parley|right now|again please|then))+$/;
const courtesy = /^(?:hello|hi|hey|good (?:morning|afternoon|evening)|excuse me|sorry|thanks|thank you)(?: (?:there|parley))? (?=\S+ \S)/;

/** Takes fillers, greetings before a question and polite wrapping off a plain text. */
export function unwrap(text: string): string {
  let bare = text.replace(lead, "").replace(tail, "");
  const afterCourtesy = bare.replace(courtesy, "").replace(lead, "");
  if (looksAsking(afterCourtesy)) bare = afterCourtesy;
  bare = bare.replace(politeness, "");
  const asked = bare.replace(request, "");
  return asked === "" ? text : asked;
}

const askingStart =
  /^(?:what|who|whom|whose|where|when|why|which|how|is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|have|has|had)\b/;
const commandStart =
  /^(?:please|tell|say|repeat|count|spell|sing|play|book|reserve|show|give|find|call|set|turn|open|close|start|stop|add|calculate|compute|convert|explain|describe|list|name|read|write|translate|remind|wake|order|buy|send|search|look|define|help|let us|go|continue|make|recite|flip|roll|speak|slow|talk|guess|pick|choose|recommend|summarize|summarise)\b/;

/** Begins like a question or a command. */
export function looksAsking(text: string): boolean {
  return askingStart.test(text) || commandStart.test(text) || /^(?:can|could|would|will) you\b/.test(text);
}
