/** A promise of the abort, for races with work that does not know the signal; disposed, it lets go of the signal. */
export function aborted(signal: AbortSignal): Disposable & { readonly promise: Promise<undefined> } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const done = (): void => resolve(undefined);
  if (signal.aborted) done();
  else signal.addEventListener("abort", done, { once: true });
  return { promise, [Symbol.dispose]: () => signal.removeEventListener("abort", done) };
}
