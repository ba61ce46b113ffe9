/** The speakers of the Piper voice libritts_r that were chosen by ear and by measurement, out of its 904. */

/** Someone the embedded voice can speak as: `speaker` is the model's `sid`. */
export interface Voice {
  name: string;
  speaker: number;
  gender: "female" | "male";
  default: boolean;
}

export const voices: readonly Voice[] = [
  { name: "ada", speaker: 234, gender: "female", default: true },
  { name: "iris", speaker: 47, gender: "female", default: false },
  { name: "nora", speaker: 214, gender: "female", default: false },
  { name: "theo", speaker: 793, gender: "male", default: false },
  { name: "hugo", speaker: 762, gender: "male", default: false },
  { name: "sam", speaker: 700, gender: "male", default: false },
];
