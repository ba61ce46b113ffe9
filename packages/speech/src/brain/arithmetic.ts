/** Arithmetic as people say it: "what is twenty three times seven", "15 percent of 80", "the square root of two". */
import type { Question } from "./question.ts";
import { capital, readNumber, sayNumber } from "./spoken-number.ts";

type Operator = "+" | "-" | "*" | "/" | "^" | "%of";
type Token = { type: "number"; value: number } | { type: "operator"; operator: Operator } | { type: "root" };

/** Longest first, so that "to the power of" is not read as "to". */
const operators: readonly (readonly [readonly string[], Operator])[] = [
  [["to", "the", "power", "of"], "^"],
  [["raised", "to"], "^"],
  [["multiplied", "by"], "*"],
  [["divided", "by"], "/"],
  [["percent", "of"], "%of"],
  [["per", "cent", "of"], "%of"],
  [["%", "of"], "%of"],
  [["plus"], "+"],
  [["minus"], "-"],
  [["less"], "-"],
  [["times"], "*"],
  [["over"], "/"],
  [["by"], "*"],
  [["x"], "*"],
  [["+"], "+"],
  [["-"], "-"],
  [["*"], "*"],
  [["×"], "*"],
  [["/"], "/"],
  [["÷"], "/"],
];

const said: Readonly<Record<Operator, string>> = {
  "+": "plus",
  "-": "minus",
  "*": "times",
  "/": "divided by",
  "^": "to the power of",
  "%of": "percent of",
};

const frame =
  /^(?:(?:what|how much) (?:is|are|does|do)|what|calculate|compute|work out|solve|add up|how much)\s+|\s+(?:equal|equals|make|makes|come to|be|is|are)$/g;

function tokens(words: readonly string[]): Token[] | undefined {
  const found: Token[] = [];
  let at = 0;
  while (at < words.length) {
    const rest = words.slice(at);
    const wantsNumber = found.length === 0 || found.at(-1)?.type !== "number";
    if (rest[0] === "square" && rest[1] === "root") {
      found.push({ type: "root" });
      at += rest[2] === "of" ? 3 : 2;
      continue;
    }
    if (wantsNumber) {
      if (rest[0] === "the") {
        at += 1;
        continue;
      }
      if (rest[0] === "half" && rest[1] === "of") {
        found.push({ type: "number", value: 0.5 }, { type: "operator", operator: "*" });
        at += 2;
        continue;
      }
      const number = readNumber(words, at);
      if (number === undefined) return undefined;
      found.push({ type: "number", value: number.value });
      at += number.length;
      continue;
    }
    if (rest[0] === "squared" || rest[0] === "cubed") {
      found.push({ type: "operator", operator: "^" }, { type: "number", value: rest[0] === "squared" ? 2 : 3 });
      at += 1;
      continue;
    }
    const operator = operators.find(([spelling]) => spelling.every((word, index) => rest[index] === word));
    if (operator === undefined) return undefined;
    found.push({ type: "operator", operator: operator[1] });
    at += operator[0].length;
  }
  return found;
}

const strength: Readonly<Record<Operator, number>> = { "+": 1, "-": 1, "*": 2, "/": 2, "%of": 3, "^": 4 };

function apply(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "^":
      return left ** right;
    case "%of":
      return (left / 100) * right;
  }
}

/** Precedence climbing; undefined if the tokens are no expression. */
function evaluate(list: readonly Token[]): number | undefined {
  let at = 0;
  function operand(): number | undefined {
    const token = list[at];
    at += 1;
    if (token?.type === "root") {
      const inner = operand();
      return inner === undefined ? undefined : Math.sqrt(inner);
    }
    return token?.type === "number" ? token.value : undefined;
  }
  function expression(least: number): number | undefined {
    let left = operand();
    while (left !== undefined) {
      const token = list[at];
      if (token?.type !== "operator" || strength[token.operator] < least) return left;
      at += 1;
      const right = expression(strength[token.operator] + 1);
      if (right === undefined) return undefined;
      left = apply(token.operator, left, right);
    }
    return undefined;
  }
  const value = expression(1);
  return at === list.length ? value : undefined;
}

function spoken(list: readonly Token[]): string {
  return list
    .map((token) => {
      switch (token.type) {
        case "number":
          return sayNumber(token.value);
        case "operator":
          return said[token.operator];
        case "root":
          return "the square root of";
      }
    })
    .join(" ");
}

export function arithmetic(question: Question): string | undefined {
  const text = question.text
    .replace(frame, "")
    .replace(frame, "")
    .replace(/(?<=\d)\s*([+*/×÷])\s*(?=\d)/g, " $1 ")
    .replace(/(?<=\d)-(?=\d)/g, " - ")
    .replace(/(\d)%/g, "$1 percent")
    .replace(/(\d)\^(\d)/g, "$1 to the power of $2");
  const differently = text
    .replace(/^(?:the )?(?:sum of|addition of) (.+) and (.+)$/, "$1 plus $2")
    .replace(/^add (.+) (?:and|to) (.+)$/, "$1 plus $2")
    .replace(/^subtract (.+) from (.+)$/, "$2 minus $1")
    .replace(/^(?:multiply|the product of) (.+) (?:by|and|with) (.+)$/, "$1 times $2")
    .replace(/^divide (.+) by (.+)$/, "$1 divided by $2")
    .replace(/^(.+) and (.+)$/, (whole, left: string, right: string) =>
      question.text.startsWith("how much is") ? `${left} plus ${right}` : whole,
    );
  for (const candidate of [text, differently]) {
    const list = tokens(candidate.split(" "));
    if (list === undefined || !list.some((token) => token.type !== "number")) continue;
    const value = evaluate(list);
    if (value === undefined) continue;
    if (!Number.isFinite(value) || Number.isNaN(value))
      return "That has no answer. Nothing can be divided by zero, and a negative number has no real square root.";
    if (Math.abs(value) >= 1e15) return "That is a very large number. It has more digits than I can say in a reasonable time.";
    // Three decimals are enough for the ear; the smallest values keep a fourth.
    const result = Math.abs(value) < 0.1 ? value : Math.round(value * 1e3) / 1e3;
    const exact = Math.abs(result - value) < 1e-9 && Number.isInteger(Math.round(value * 1e9) / 1e5);
    return `${capital(spoken(list))} is ${exact ? "" : "about "}${sayNumber(result)}.`;
  }
  return undefined;
}
