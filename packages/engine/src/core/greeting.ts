/** Decides whom the agent greets. */

/** `first`: the first person of the session. `every`: everybody who comes while nobody else is there. */
export type GreetingMode = "every" | "first";

export class Greeting {
  readonly #mode: GreetingMode;
  #due: boolean;

  /** `greeted`: it has been done already, and whoever comes first knows it. */
  constructor(mode: GreetingMode, { greeted = false }: { readonly greeted?: boolean } = {}) {
    this.#mode = mode;
    this.#due = !greeted;
  }

  /** Someone's loudspeaker plays; true: greet them. */
  ready(): boolean {
    const due = this.#due;
    this.#due = false;
    return due;
  }

  /** The last person has left; true: the next one will be greeted. */
  empty(): boolean {
    this.#due ||= this.#mode === "every";
    return this.#due;
  }
}
