/** Numbers that are reached one by one, each with what was there: others wait for one before it comes, or after. */
export class Milestones<Reached> {
  readonly #waiting = new Map<number, PromiseWithResolvers<Reached>>();

  #entry(number: number): PromiseWithResolvers<Reached> {
    const entry = this.#waiting.get(number) ?? Promise.withResolvers<Reached>();
    this.#waiting.set(number, entry);
    return entry;
  }

  reach(number: number, reached: Reached): void {
    this.#entry(number).resolve(reached);
  }

  wait(number: number): Promise<Reached> {
    return this.#entry(number).promise;
  }
}
