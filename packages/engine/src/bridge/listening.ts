/** Whom of a channel the brain hears: it has one ear, and people speak at once. Pure. */

/** Frames of one person that may wait, two seconds: a process that was held up loses no words. The oldest go first. */
const maxWaiting = 100;
/** Frames that wait before somebody is heard: packets of theirs are not evenly spaced. */
const cushion = 2;
/** A frame that is late is a hole of its length, and waits for its turn from then on. What waits beyond this is left out in silence. */
const longCushion = 4;
/** After so much silence of theirs, in milliseconds, a frame can be left out; without a frame for so long they have stopped sending. */
const spareMs = 200;
const goneMs = 200;
/** Speech and silence, root mean square of 32,768: −37 and −44 dBFS. */
const speechRms = 460;
const silenceRms = 205;
/** Whoever speaks keeps the ear until they have been silent for so long, in milliseconds. */
const keepMs = 800;
/** Somebody else gets it after so much speech, in milliseconds. */
const takeMs = 60;
const FRAME_MS = 20;

export type ListeningMode =
  /** One person at a time: who speaks first, and another once they have fallen silent. */
  | { readonly type: "active" }
  /** This person alone. */
  | { readonly type: "speaker"; readonly uid: string }
  /** Everybody, added up. */
  | { readonly type: "mix" };

interface Person {
  readonly frames: Int16Array[];
  flowing: boolean;
  /** Since their last frame, in milliseconds. */
  missingMs: number;
  /** How long they have been speaking without a pause, and silent without speech, in milliseconds. */
  speechMs: number;
  quietMs: number;
}

export class Listening {
  readonly #mode: ListeningMode;
  readonly #frameSamples: number;
  readonly #people = new Map<string, Person>();
  #holder: string | undefined;

  /** `rate`: of everybody's frames, in hertz. */
  constructor(mode: ListeningMode, rate = 24_000) {
    this.#mode = mode;
    this.#frameSamples = (rate * FRAME_MS) / 1000;
  }

  /** Who is heard now; of several, who spoke last. */
  get speaker(): string | undefined {
    return this.#holder;
  }

  /** People who are there and count. */
  get people(): number {
    return this.#people.size;
  }

  join(uid: string): void {
    if (this.#mode.type === "speaker" && uid !== this.#mode.uid) return;
    if (!this.#people.has(uid)) this.#people.set(uid, { frames: [], flowing: false, missingMs: 0, speechMs: 0, quietMs: 0 });
  }

  leave(uid: string): void {
    this.#people.delete(uid);
    if (this.#holder === uid) this.#holder = undefined;
  }

  /** 20 ms of somebody; of strangers nothing is taken. */
  hear(uid: string, pcm: Int16Array): void {
    const person = this.#people.get(uid);
    if (person === undefined) return;
    person.frames.push(pcm);
    if (person.frames.length > maxWaiting) person.frames.shift();
  }

  /** What the brain hears in the next 20 ms: never two people in turns. */
  take(): Int16Array {
    const frames = new Map<string, Int16Array>();
    for (const [uid, person] of this.#people) {
      const frame = nextFrame(person);
      listen(person, frame);
      if (frame !== undefined) frames.set(uid, frame);
    }
    this.#choose();
    if (this.#mode.type === "mix") return sum([...frames.values()], this.#frameSamples);
    return (this.#holder === undefined ? undefined : frames.get(this.#holder)) ?? new Int16Array(this.#frameSamples);
  }

  #choose(): void {
    const holder = this.#holder === undefined ? undefined : this.#people.get(this.#holder);
    if (holder === undefined) {
      this.#holder = this.#speaking() ?? this.#people.keys().next().value;
      return;
    }
    const isTaken = this.#mode.type === "mix" ? holder.speechMs > 0 : holder.quietMs < keepMs;
    if (!isTaken) this.#holder = this.#speaking() ?? this.#holder;
  }

  /** Who has been speaking for longest. */
  #speaking(): string | undefined {
    let longest: string | undefined;
    let longestMs = takeMs - 1;
    for (const [uid, { speechMs }] of this.#people) {
      if (speechMs <= longestMs) continue;
      longest = uid;
      longestMs = speechMs;
    }
    return longest;
  }
}

function nextFrame(person: Person): Int16Array | undefined {
  person.flowing ||= person.frames.length >= cushion;
  if (!person.flowing) return undefined;
  if (person.frames.length > longCushion && person.quietMs >= spareMs) person.frames.shift();
  const frame = person.frames.shift();
  person.missingMs = frame === undefined ? person.missingMs + FRAME_MS : 0;
  if (person.missingMs >= goneMs) person.flowing = false;
  return frame;
}

function listen(person: Person, frame: Int16Array | undefined): void {
  const rms = frame === undefined ? 0 : Math.sqrt(frame.reduce((energy, sample) => energy + sample * sample, 0) / frame.length);
  if (rms >= speechRms) {
    person.speechMs += FRAME_MS;
    person.quietMs = 0;
  } else if (rms < silenceRms) {
    person.speechMs = 0;
    person.quietMs += FRAME_MS;
  }
}

function sum(frames: readonly Int16Array[], samples: number): Int16Array {
  const [only] = frames;
  if (frames.length === 1 && only !== undefined) return only;
  return Int16Array.from({ length: samples }, (_, index) => {
    const all = frames.reduce((total, frame) => total + (frame[index] ?? 0), 0);
    return Math.max(-32_768, Math.min(32_767, all));
  });
}
