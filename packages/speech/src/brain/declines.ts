/** What people often ask of a voice and this one cannot do: said at once, with what it would take. */
import type { Question } from "./question.ts";

const needs = "That takes a language model with a tool for it.";

const declined: readonly { readonly when: RegExp; readonly answers: readonly string[] }[] = [
  {
    when: /\bweather\b|\bforecast\b|\b(?:rain|raining|snow|snowing|sunny|cloudy|windy)\b.*\b(?:today|tomorrow|outside|now|tonight|week|weekend|it)\b|\b(?:is|will) it (?:going to )?(?:be )?(?:rain|snow|sunny|cold|warm|hot|windy)\b|\bhow (?:cold|warm|hot) is it\b|\bwhat is the temperature(?: outside)?$|\bumbrella\b/,
    answers: [
      "I cannot see the weather from here. I have no access to forecasts. Look out of the window, or connect a language model with a weather tool.",
      "Sorry, I have no weather reports. They come over the network, and I stay on this machine. A language model with a weather tool could tell you.",
    ],
  },
  {
    when: /\b(?:news|headlines)\b|\bwhat (?:is happening|happened) (?:in the world|today)\b/,
    answers: [`I have no news. I know only what I was given. ${needs}`],
  },
  {
    when: /\b(?:stock|share) (?:price|market)s?\b|\bexchange rate\b|\bbitcoin\b|\bcrypto\b/,
    answers: [`I cannot see the markets. Prices change every second, and I am not connected. ${needs}`],
  },
  {
    when: /\bwho won\b|\b(?:score|result) of the (?:game|match)\b|\b(?:football|soccer|basketball|baseball|tennis) (?:game|match|results?|scores?)\b/,
    answers: [`I do not follow sports. Nobody tells me the results. ${needs}`],
  },
  {
    when: /^(?:play|put on|start)\b.*\b(?:music|song|album|playlist|radio|something|jazz|rock|podcast)\b|^play\b/,
    answers: ["I cannot play music. I have only my voice. But I can tell you a story, if you like."],
  },
  {
    when: /\b(?:set|start|create)\b.*\b(?:timer|alarm|reminder)\b|\bremind me\b|\bwake me\b/,
    answers: [`I cannot set timers or reminders. I forget everything when you hang up. ${needs}`],
  },
  {
    when: /^(?:call|phone|dial|text|message|email)\b|^(?:send|write) (?:an? |my )?(?:.* )?(?:message|email|text|mail)\b/,
    answers: [`I cannot reach other people. I speak only with you. ${needs}`],
  },
  {
    when: /\bturn (?:on|off|up|down)\b|\bswitch (?:on|off)\b|\b(?:lights?|thermostat|heating)\b.*\b(?:on|off|up|down)\b/,
    answers: [`I cannot switch anything. No device is connected to me. ${needs}`],
  },
  {
    when: /\b(?:directions|route|way) to\b|\bhow do i get to\b|\btraffic\b|\bnavigate\b/,
    answers: [`I have no maps. I could only guess the way. ${needs}`],
  },
  {
    when: /^(?:search|google|look up|browse)\b|\b(?:internet|web) search\b/,
    answers: [`I cannot search the network. I stay on this machine. ${needs}`],
  },
  {
    when: /^(?:order|buy)\b|\border (?:a|me|some)\b/,
    answers: [`I cannot order anything. I have neither a shop nor your address. ${needs}`],
  },
  {
    when: /^(?:translate|how do you say)\b|\bin (?:spanish|german|french|italian|japanese|chinese|korean)$/,
    answers: ["I cannot translate. I know only English. A language model could do it with this same voice."],
  },
  {
    when: /^write (?:me )?(?:a|an|some)\b|^(?:compose|draft)\b|\b(?:code|program|essay|letter)\b.*\bfor me\b/,
    answers: ["I cannot write that for you. I have only a few texts of my own. A language model is what writing takes."],
  },
  {
    when: /^what do you think\b|^do you (?:like|think|believe|prefer)\b|^what is your opinion\b/,
    answers: ["I have no opinions, to be honest. I am a small program. What do you think about it?"],
  },
];

export function declines(question: Question): string | undefined {
  if (!question.asks) return undefined;
  const match = declined.find(({ when }) => when.test(question.text));
  return match === undefined ? undefined : question.pick(match.answers);
}
