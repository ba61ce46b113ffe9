import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultVoiceName } from "./echo.ts";
import { findVoice, voiceNames } from "./voices.ts";

/** Section 12 of the contract, each generation. */
const published = [
  "alba eve george jane jean mary michael paul vera anna charles giovanni lola juergen rafael estelle iris reid",
  "ivy james tyler winter bella david kyle helen martha river emma victor eleanor pierre giulia luca lucia mateo diego arjun dmitri",
  "sam mia jack sophie oliver ethan lukas lena mina ren mei joon hana",
  "claire dawn autumn josh grace pete",
].flatMap((names) => names.split(" "));

test.each(published)("the published voice %s is known, and an embedded speaker answers to it", (name) => {
  const found = findVoice(name);
  expect(found?.alias).toBe(name);
  expect(found?.installed === true).toBe(found?.substitute === undefined);
  expect(voiceNames()).toContain(name);
});

test("what a name promises is kept as far as the installed voices go, and where they do not, who speaks is said", () => {
  expect(findVoice("james")).toMatchObject({ locale: "en-US", gender: "male", installed: true });
  expect(findVoice("sophie")).toMatchObject({ locale: "en-GB", gender: "female", installed: false, substitute: expect.any(String) });
  expect(findVoice("diego")).toMatchObject({ locale: "es-MX", gender: "male", installed: false, substitute: expect.any(String) });
  expect(findVoice("arjun")).toMatchObject({ locale: "hi-IN", gender: "male", installed: false, substitute: expect.any(String) });
});

test("a substitute is itself a name of a voice, of the same gender", () => {
  for (const name of voiceNames()) {
    const { substitute, voice, gender } = findVoice(name)!;
    if (substitute === undefined) continue;
    expect(findVoice(substitute)?.gender).toBe(gender);
    expect([voice, substitute]).toContain(findVoice(substitute)?.voice);
  }
});

test("no two published names sound the same", () => {
  const speakers = published.map((name) => findVoice(name)!.voice);
  expect(new Set(speakers).size).toBe(published.length);
});

test("the embedded voices have their own names, and each speaker its number", () => {
  expect(findVoice("ada")).toEqual({ alias: "ada", voice: "ada", locale: "en-US", gender: "female", installed: true });
  expect(findVoice("local/903")).toMatchObject({ voice: 903, installed: true, gender: "unknown" });
  expect(findVoice("local/234")).toMatchObject({ voice: 234, gender: "female" });
  for (const name of ["local/904", "local/", "local/-1", "local/1.5", "local/1e2", "", "Sophie ", "__proto__"])
    expect(findVoice(name)).toBeUndefined();
});

test("letters may be of any case, and no name is listed twice", () => {
  expect(findVoice("Ivy")).toEqual(findVoice("ivy"));
  expect(new Set(voiceNames()).size).toBe(voiceNames().length);
  expect(findVoice(defaultVoiceName)?.installed).toBe(true);
});

test("any other text is no voice", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = findVoice(text);
      expect(found === undefined || voiceNames().includes(found.alias) || found.alias.startsWith("local/")).toBe(true);
    }),
  );
});
