/** What page and worklet say to each other. */

export const processorNames = { microphone: "parley-microphone", speaker: "parley-speaker" } as const;

export type ToSpeaker = { readonly type: "play"; readonly pcm: Int16Array; readonly reply: string } | { readonly type: "flush" };

export interface FromSpeaker {
  /** Of which reply was played last, and how many samples of it in all. */
  readonly reply: string;
  readonly heard: number;
  /** Samples that wait. */
  readonly buffered: number;
}

export interface FromMicrophone {
  readonly pcm: Int16Array;
  readonly level: number;
}
