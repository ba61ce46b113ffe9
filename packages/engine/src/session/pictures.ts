/** Images that people send: they go with their next words to the language model, and are not remembered once these are answered. */
import type { SessionEvent } from "../core/events.ts";
import type { Clock } from "./clock.ts";
import type { Feed } from "./feed.ts";
import type { SessionParts } from "./parts.ts";

export interface OfferedPicture {
  /** The client's name for it. */
  readonly id: string;
  /** An http, https or data address. */
  readonly url: string;
  readonly source: "url" | "base64";
  /** Of an image at an address 0, as its bytes: it is not fetched. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** What cannot be taken, and why. */
export interface RefusedPicture {
  readonly id: string;
  readonly refusal: string;
}

/** Images that wait for words, and words with images that wait for an answer. */
const mostWaiting = 8;
const mostUnanswered = 4;

export interface PicturesParts {
  readonly clock: Clock;
  /** The language model takes images. */
  readonly wanted: boolean;
  /** Number of the newest turn. */
  readonly turn: () => number;
  readonly emit: (event: SessionEvent) => void;
}

/** Follows the conversation to know which words were answered. */
export function openPictures({ clock, config }: Pick<SessionParts, "clock" | "config">, feed: Feed, turn: () => number): Pictures {
  const pictures = new Pictures({ clock, wanted: config.llm.pictures ?? false, turn, emit: (event) => feed.emit(event) });
  feed.listen((event) => pictures.handle(event));
  return pictures;
}

export class Pictures {
  readonly #parts: PicturesParts;
  #waiting: OfferedPicture[] = [];
  readonly #unanswered = new Map<number, readonly OfferedPicture[]>();
  /** Images taken so far, by who sent them. */
  readonly #counts = new Map<string, number>();

  constructor(parts: PicturesParts) {
    this.#parts = parts;
  }

  /** Tells what becomes of it. */
  offer(picture: OfferedPicture | RefusedPicture, uid: string): void {
    const { clock, turn, emit } = this.#parts;
    const told = { at: clock.now(), turnId: turn(), uid, id: picture.id };
    const refusal = "refusal" in picture ? picture.refusal : this.#refusal();
    if (refusal !== undefined || "refusal" in picture) return emit({ type: "picture-refused", ...told, message: refusal ?? "" });
    this.#waiting.push(picture);
    const count = (this.#counts.get(uid) ?? 0) + 1;
    this.#counts.set(uid, count);
    const { width, height, bytes, source, url } = picture;
    emit({ type: "picture-taken", ...told, width, height, bytes, source, url: source === "url" ? url : "", count });
  }

  handle(event: SessionEvent): void {
    if (event.type === "turn-end") {
      if (this.#waiting.length === 0) return;
      this.#unanswered.set(event.turnId, this.#waiting);
      this.#waiting = [];
      for (const oldest of this.#unanswered.keys()) {
        if (this.#unanswered.size <= mostUnanswered) break;
        this.#unanswered.delete(oldest);
      }
    } else if ((event.type === "reply-end" && event.text !== "") || (event.type === "reply-interrupted" && event.heard !== "")) {
      for (const turn of this.#unanswered.keys()) if (turn <= event.turnId) this.#unanswered.delete(turn);
    }
  }

  /** Those that go with the words of this turn. */
  of(turnId: number): readonly OfferedPicture[] {
    return this.#unanswered.get(turnId) ?? [];
  }

  #refusal(): string | undefined {
    if (!this.#parts.wanted) return "the language model of this agent takes no images";
    return this.#waiting.length < mostWaiting ? undefined : `${mostWaiting} images wait for words already`;
  }
}
