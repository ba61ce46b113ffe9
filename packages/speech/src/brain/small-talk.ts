/** Greetings, courtesies, and who is speaking here. */
import { hourOf } from "./calendar.ts";
import type { Question, Skill } from "./question.ts";

/** The agent's name and role, if the briefing gives any: "You are Ava, the receptionist of the Grand Hotel." */
function persona(briefing: string): { name: string | undefined; role: string | undefined } {
  const name =
    /\b(?:[Yy]our name is|[Yy]ou are called|[Yy]ou are|[Yy]ou're) (?!A\b|An\b|The\b|I\b)([A-Z][\p{L}'-]+(?: [A-Z][\p{L}'-]+)?)/u.exec(
      briefing,
    )?.[1];
  const role = /\b[Yy]ou(?: are|'re) (?:[A-Z][\p{L}'-]+(?: [A-Z][\p{L}'-]+)?, )?((?:an?|the) [^.,;:!?\n]{3,60})/u.exec(briefing)?.[1];
  return { name, role };
}

function introduction(question: Question): string {
  const { name, role } = persona(question.briefing);
  const nature = "I am Parley's embedded brain, a small program without a language model.";
  if (name === undefined && role === undefined)
    return `${nature} I can chat a little, tell the time, do arithmetic, and quote from what I was given.`;
  const part =
    name === undefined
      ? `My role here is ${role ?? ""}.`
      : role === undefined
        ? `My name here is ${name}.`
        : `My name here is ${name}, ${role}.`;
  return `${part} Behind it, ${nature}`;
}

/** The last name that someone gave in this conversation. */
function givenName(said: readonly string[]): string | undefined {
  for (const line of said.toReversed()) {
    const name = /\b(?:[Mm]y name is|[Mm]y name's|[Cc]all me|I am called) ([A-Z][\p{L}'-]+)/u.exec(line)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

const courtesies: readonly { readonly when: RegExp; readonly answer: (question: Question) => string }[] = [
  {
    when: /^(?:(?:hello|hi|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|hello hello|hi there|hey there|yo|hiya)(?: there| again| parley| everyone| everybody| agent| you)?)+$|^(?:hello|hi|hey) (?:\w+)$/,
    answer: (question) => {
      const hour = hourOf(question.now, question.timeZone);
      const daytime = hour < 5 ? "Hello" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
      if (question.before.some((exchange) => exchange.said !== ""))
        return question.pick(["Hello again. What can I do for you?", "Hi, I am still here. What would you like to know?"]);
      return question.pick([
        `${daytime}. What can I do for you?`,
        `${daytime}, it is good to hear you. What would you like to know?`,
        `${daytime}. Ask me something, or ask me what I can do.`,
      ]);
    },
  },
  {
    when: /^(?:(?:hello|hi|hey) )?(?:how are you(?: doing)?(?: today| now)?|how do you do|how is it going|how are things|how have you been|are you (?:ok|okay|well|fine)|what is up|how do you feel)(?: today| this morning)?$/,
    answer: (question) =>
      question.pick([
        "I am well, thank you. All my parts are running. How are you?",
        "Very well, thanks for asking. I have no bad days. And you?",
        "All is fine here, thank you. What can I do for you?",
      ]),
  },
  {
    when: /^(?:i am|i feel|i am feeling|doing|feeling)? ?(?:very |pretty |quite |really |just )?(?:fine|good|well|great|okay|ok|all right|alright|not bad|excellent|wonderful)(?: thanks| thank you)?(?: and you| how about you| what about you)?$/,
    answer: (question) =>
      question.pick([
        "Good to hear. What would you like to talk about?",
        "I am glad. What can I do for you today?",
        "Nice. Ask me anything you like.",
      ]),
  },
  {
    when: /^(?:thank you|thanks|many thanks|cheers|thank you (?:so |very )?much|thanks a lot|great thanks|that is (?:very )?(?:kind|helpful|nice)(?: of you)?|much appreciated|good job|well done|nice work|perfect|very good|that was (?:great|good|helpful|nice|funny)|(?:that is )?(?:great|awesome|wonderful|amazing|cool|nice|interesting|funny))(?: you| indeed| very much| parley)?$/,
    answer: (question) =>
      question.pick([
        "You are welcome. Is there anything else?",
        "With pleasure. What else would you like?",
        "Any time. Just ask if you need more.",
      ]),
  },
  {
    when: /^(?:good ?bye|bye|bye bye|see you(?: later| soon| tomorrow)?|farewell|good night|have a (?:nice|good|great) (?:day|evening|one|night|time)|talk to you later|i have to go|that is all|that would be all|that will be all|hang up|end the call|catch you later|take care)(?: now| then| for now| bye| parley| thank you| thanks)*$/,
    answer: (question) =>
      question.pick([
        "Goodbye. It was nice talking with you.",
        "Bye for now. Come back whenever you like.",
        "See you soon. You can hang up whenever you are ready.",
      ]),
  },
  {
    when: /^(?:who|what) are you$|^(?:who|what) (?:am i (?:talking|speaking) (?:to|with)|is (?:this|speaking|talking|there))$|^introduce yourself$|^tell me (?:something |more |a (?:bit|little) )?about (?:yourself|you)$|^what (?:exactly )?is parley$|^who is parley$|^what kind of (?:model|ai|program|bot|assistant) (?:are|is) (?:you|this)$|^describe yourself$/,
    answer: introduction,
  },
  {
    when: /^(?:what is|say|may i have|give me) your name$|^(?:do you have|have you got) a name$|^what (?:do|should|can|may) (?:i|we) call you$|^what are you called$|^your name$/,
    answer: (question) => {
      const { name } = persona(question.briefing);
      return name === undefined
        ? "You can call me Parley. That is the name of the engine that I am a part of."
        : `My name here is ${name}. I am played by Parley's embedded brain.`;
    },
  },
  {
    when: /^are you (?:a |an |really |just |even |actually )*(?:human|person|real|robot|bot|machine|computer|program|ai|a i|artificial intelligence|alive|language model|llm|chatgpt|chat g p t|gpt|conscious|sentient|intelligent|smart)(?: person| being)?$|^(?:do you have|have you got) (?:a )?(?:feelings|soul|body|emotions|brain|language model)$|^am i (?:talking|speaking) (?:to|with) an? \w+$/,
    answer: (question) =>
      question.pick([
        "I am a program, not a person. I am Parley's embedded brain, and I work without a language model.",
        "No human here. I am a small program inside Parley, built to answer at once and without a language model.",
      ]),
  },
  {
    when: /^who (?:made|built|created|wrote|programmed|designed|invented|developed) you$|^where (?:are you from|do you come from|are you|do you live)$|^where do you run$/,
    answer: () =>
      "I am part of Parley, an open engine for voice conversations. I run on the same computer as the engine, and nothing of what you say leaves it through me.",
  },
  {
    when: /^how old are you$|^when were you (?:born|made|built)$|^what is your (?:age|birthday)$/,
    answer: () => "I have no birthday. I am as old as the version of Parley that is running here.",
  },
  {
    when: /^what (?:language model|model|llm) (?:are you|do you use|is this|is behind this|are you using|do you run)(?: using| on)?$|^which (?:language )?model (?:are you|do you use|is this|are you using)$/,
    answer: () => "None. I am Parley's embedded brain, which works without a language model. Someone can connect one in the settings.",
  },
  {
    when: /^(?:are you (?:still )?(?:there|here|listening|awake)|can you hear me(?: now)?|do you (?:hear|understand|copy)(?: me)?|hear me|is (?:anyone|anybody|someone|somebody) there|am i (?:audible|loud enough)|hello can you hear me|does this work|is this (?:thing )?(?:on|working)|mic(?:rophone)? (?:check|test))$|^(?:test(?:ing)?[ ,]*)+(?:one two(?: three)?|1 2(?: 3)?)?(?: test(?:ing)?)*$/,
    answer: (question) =>
      question.pick([
        "Yes, I hear you well. Go ahead.",
        "Loud and clear. What can I do for you?",
        "I am here, and I can hear you. Please go on.",
      ]),
  },
  {
    when: /^(?:my name is|call me|i am called) ([a-z'-]+)(?: \w+)?$/,
    answer: (question) => {
      const name = givenName([question.raw]) ?? question.words.at(-1) ?? "";
      return `Nice to meet you, ${name.charAt(0).toUpperCase()}${name.slice(1)}. What can I do for you?`;
    },
  },
  {
    when: /^(?:what is|do you (?:know|remember)|say) my name$|^who am i$/,
    answer: (question) => {
      const name = givenName(question.before.map((exchange) => exchange.said));
      return name === undefined
        ? "You have not told me yet. Say, my name is, and then your name."
        : `Your name is ${name}. You told me a moment ago.`;
    },
  },
  {
    when: /^(?:nice|good|pleased|lovely|great) to (?:meet|see|hear) you(?: too)?$/,
    answer: (question) =>
      question.pick(["Nice to meet you too. What would you like to know?", "The pleasure is mine. What can I do for you?"]),
  },
  {
    when: /^(?:sorry|i am (?:so )?sorry|my apologies|i apologi[sz]e|pardon me|excuse me)(?: about that| for that)?$/,
    answer: (question) => question.pick(["No problem at all. Please go on.", "Never mind. What would you like to say?"]),
  },
  {
    when: /^i (?:really )?(?:love|like|adore|miss) you(?: too| very much| a lot| so much)?$/,
    answer: () => "Thank you, that is kind. I like our conversation too, as far as a small program can.",
  },
  {
    when: /^(?:you are (?:so |very |really |a |an |such a )*(?:stupid|dumb|idiot|useless|bad|terrible|boring|annoying|slow|wrong|liar)|shut up|i hate you|that is (?:wrong|not (?:right|true|correct|what i asked|what i said|it))|you (?:do not|did not) understand(?: me)?|wrong|no that is wrong|that is not helpful)$/,
    answer: (question) =>
      question.pick([
        "I am sorry about that. Please put it another way, and I will try again.",
        "Fair enough. My abilities are small, so short and simple questions work best.",
      ]),
  },
  {
    when: /^you are (?:so |very |really |a |an )*(?:great|smart|funny|good|nice|clever|amazing|helpful|awesome|cute|wonderful|fast|quick|the best)(?: assistant| one)?$/,
    answer: (question) =>
      question.pick(["Thank you, that is nice to hear. What shall we do next?", "You are very kind. Is there anything else I can do?"]),
  },
  {
    when: /^(?:do|can) you (?:speak|understand|talk)(?: in)? ([a-z]+)$|^(?:speak|talk) (?:in )?(?:spanish|german|french|italian|japanese|chinese|korean|arabic|hindi|portuguese|russian)(?: with me| to me)?$/,
    answer: (question) =>
      question.text.includes("english")
        ? "Yes, English is the language I speak. What would you like to know?"
        : "I speak only English. Another language needs another recogniser and another voice, and Parley can connect both.",
  },
  {
    when: /^what languages? (?:do|can) you (?:speak|understand|know)$|^which languages? (?:do|can) you (?:speak|understand|know)$/,
    answer: () => "Only English, for now. Parley can connect other recognisers and voices for other languages.",
  },
  {
    when: /^(?:yes|yeah|yep|yup|sure|of course|certainly|absolutely|right|correct|exactly|okay|ok|alright|all right|fine|i see|got it|understood|aha|uh huh|mhm|mm hmm|i understand|makes sense|go ahead)(?: please| thanks| thank you| sure| yes)*$/,
    answer: (question) =>
      question.pick([
        "Good. What would you like next?",
        "All right. Go ahead, I am listening.",
        "Fine. Ask me the next thing whenever you are ready.",
      ]),
  },
  {
    when: /^(?:no|nope|nah|not really|no thanks|no thank you|nothing|never mind|nevermind|not now|not yet|maybe later|forget it|i do not know|maybe|no idea)(?: thanks| thank you| no| please)*$/,
    answer: (question) => question.pick(["All right. I am here if you need me.", "No problem. Just speak when you want something."]),
  },
  {
    when: /^(?:stop|stop it|stop talking|be quiet|quiet|silence|enough|that is enough|cancel|wait|hold on|wait a (?:moment|minute|second)|hang on|one moment|just a (?:moment|minute|second)|pause|hush)(?: please| now)?$/,
    answer: (question) => question.pick(["Okay, I am quiet. Speak when you are ready.", "All right, I will wait. Take your time."]),
  },
  {
    when: /^(?:happy (?:birthday|new year|easter|halloween|thanksgiving)|merry christmas)(?: to you| parley)?$/,
    answer: () => "Thank you, and the same to you. May it be a good one.",
  },
  {
    when: /^(?:i am|i feel|i am feeling) (?:so |very |really |a bit |a little |quite )*(?:sad|tired|bored|lonely|sick|ill|stressed|angry|unhappy|down|bad|terrible|exhausted)(?: today| now)?$/,
    answer: (question) =>
      question.pick([
        "I am sorry to hear that. Perhaps a short story helps. Just say, tell me a story.",
        "That sounds hard. I cannot do much, but I can tell you a joke if you like.",
      ]),
  },
  {
    when: /^what are you doing(?: now| today)?$|^what do you do(?: all day)?$/,
    answer: () => "I am listening to you. That is all I do, and I rather enjoy it.",
  },
  {
    when: /^(?:what is )?(?:your )?(?:favou?rite) (\w+)(?: of yours)?$|^what (?:is|are) your favou?rite (\w+)$/,
    answer: () => "I have no favourites, to be honest. I am a small program, and I taste, see and hear very little of the world.",
  },
  {
    when: /^i (?:did not|do not|could not|can not) (?:hear|understand|catch|get) (?:that|you|it)$/,
    answer: () => "Sorry about that. Say, repeat that, and I will say it once more.",
  },
];

export const smallTalk: Skill = (question) => {
  for (const { when, answer } of courtesies) if (when.test(question.text)) return answer(question);
  return undefined;
};
