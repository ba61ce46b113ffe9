/** The line between two voices, alive while the page is. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Call } from "./call.ts";
import { type Colours, heightOf, paint } from "./horizon-paint.ts";

/** One bar is this much of the conversation, in milliseconds. */
const barMs = 60;
/** Bars that are kept: enough for the widest screen. */
const maxBars = 400;

export function Horizon({ call }: { call: Call }): JSX.Element {
  const canvasRef = useRef<HTMLCanvasElement>(null);
  useEffect(() => (canvasRef.current === null ? undefined : animate(canvasRef.current, call)), [call]);
  return <canvas ref={canvasRef} class="horizon" aria-hidden="true" />;
}

function animate(canvas: HTMLCanvasElement, call: Call): () => void {
  const context = canvas.getContext("2d");
  if (context === null) return () => undefined;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let since = performance.now();
  const swell = (phase: number): number[] => Array.from({ length: maxBars }, (_, index) => breath(since - index * barMs, phase));
  const user = swell(0);
  const agent = swell(Math.PI);
  let peak = { user: 0, agent: 0 };
  let frame = 0;

  const draw = (now: number): void => {
    frame = requestAnimationFrame(draw);
    const live = call.phase.peek() === "live";
    const level = live ? call.levels() : { user: 0, agent: 0 };
    peak = { user: Math.max(peak.user, heightOf(level.user)), agent: Math.max(peak.agent, heightOf(level.agent)) };
    if (now - since > 40 * barMs) since = now - barMs; // The page was in the background.
    while (now - since >= barMs) {
      since += barMs;
      user.unshift(live ? peak.user : breath(since, 0));
      agent.unshift(live ? peak.agent : breath(since, Math.PI));
      user.length = agent.length = maxBars;
      peak = { user: 0, agent: 0 };
    }
    const { width, height } = fit(canvas, context);
    const interruptedAt = call.interruptedAt.peek();
    const mark = interruptedAt === null ? null : Math.floor((now - interruptedAt) / barMs);
    const orb = canvas.parentElement?.querySelector(".orb")?.clientWidth ?? 0;
    const steady = still.matches;
    const scene = {
      width,
      height,
      user: steady ? standing(user) : user,
      agent: steady ? standing(agent) : agent,
      mark: steady ? null : mark,
      drift: steady ? 0 : (now - since) / barMs,
      free: orb / 2 + 18,
    };
    paint(context, scene, coloursOf(canvas));
  };
  frame = requestAnimationFrame(draw);
  return () => cancelAnimationFrame(frame);
}

/** A slow swell while nobody is on the line. */
function breath(now: number, phase: number): number {
  return 0.05 + 0.045 * Math.sin(now / 1_700 + phase) + 0.03 * Math.sin(now / 610 + phase);
}

/** Without motion: the last half second's level as one shape that stands still. */
function standing(bars: readonly number[]): number[] {
  const recent = Math.max(...bars.slice(0, 8));
  return bars.map((_, index) => recent * Math.max(0, 1 - index / 40));
}

/** Makes the canvas as sharp as the screen; returns its size in CSS pixels. */
function fit(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D): { width: number; height: number } {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return { width, height };
}

function coloursOf(canvas: HTMLCanvasElement): Colours {
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name);
  return {
    user: colour("--user"),
    agent: colour("--agent"),
    rest: colour("--line-strong"),
    mark: colour("--ink-soft"),
  };
}
