/** The speakers of the Piper voice libritts_r that people can choose by name, out of its 904. */

/** Someone the embedded voice can speak as: `speaker` is the model's `sid`. */
export interface Voice {
  name: string;
  speaker: number;
  gender: "female" | "male";
  default: boolean;
}

/**
 * Of 1,890 spoken words of conversation with numbers, Moonshine base heard 2.6 % wrong from theo, 2.9 ada, 3.0 nora,
 * 3.4 sam, 4.4 iris and hugo: the first three are level.
 */
export const voices: readonly Voice[] = [
  { name: "ada", speaker: 234, gender: "female", default: true },
  { name: "theo", speaker: 793, gender: "male", default: false },
  { name: "nora", speaker: 214, gender: "female", default: false },
  { name: "sam", speaker: 700, gender: "male", default: false },
  { name: "iris", speaker: 47, gender: "female", default: false },
  { name: "hugo", speaker: 762, gender: "male", default: false },
];
