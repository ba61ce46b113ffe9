/** Time as the session sees it: milliseconds since it began, timers, and a tick per frame. */

/** Cancels a timer or a tick. Calling it twice is harmless. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the session began; never goes back. */
  now(): number;
  /** Calls `handler` once, when `now()` has reached `at`. A time in the past fires as soon as possible. */
  at(at: number, handler: () => void): Cancel;
  /** Calls `handler` every `FRAME_MS` with the time at which the frame is due; late ticks are made up for, one by one. */
  everyFrame(handler: (due: number) => void): Cancel;
}
