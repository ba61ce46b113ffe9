/** Draws both voices on one line: the person's above, the agent's below; now in the middle, the past to both sides. */

export interface Colours {
  readonly user: string;
  readonly agent: string;
  readonly rest: string;
  readonly mark: string;
}

export interface Scene {
  readonly width: number;
  readonly height: number;
  /** Newest first, 0 to 1. */
  readonly user: readonly number[];
  readonly agent: readonly number[];
  /** Bars since the agent was interrupted; null: it was not. */
  readonly mark: number | null;
  /** How far the next bar has come, 0 to 1. */
  readonly drift: number;
  /** Radius around the middle that stays free, in pixels. */
  readonly free: number;
}

/** A bar and the space after it, in pixels. */
const barStep = 6;
const barWidth = 3;
/** Space between the line and the bars, in pixels. */
const lineGap = 3;
/** Space that stays free above and below, in pixels. */
const edge = 14;

/** Quieter than this is drawn as silence, louder than the second as full height, in dBFS. */
const floorDb = -56;
const fullDb = -2;

/** Root mean square to height, by loudness rather than by amplitude. */
export function heightOf(level: number): number {
  if (level <= 0) return 0;
  const db = 20 * Math.log10(level);
  return Math.min(1, Math.max(0, (db - floorDb) / (fullDb - floorDb)));
}

export function paint(context: CanvasRenderingContext2D, scene: Scene, colours: Colours): void {
  const { width, height, free } = scene;
  context.clearRect(0, 0, width, height);
  const middle = width / 2;
  const line = height / 2;
  const reach = middle - free;
  const count = Math.min(scene.user.length, Math.ceil(reach / barStep) + 1);
  context.lineWidth = barWidth;
  context.lineCap = "round";
  for (let index = 0; index < count; index++) {
    const distance = free + (index + scene.drift) * barStep;
    // Old sound fades towards the edges, new sound grows out of the middle.
    const age = Math.min(1, (distance - free) / reach);
    const envelope = Math.min(1, (distance - free) / 24);
    context.globalAlpha = (1 - age) ** 1.2;
    const up = (scene.user[index] ?? 0) * (line - edge) * envelope;
    const down = (scene.agent[index] ?? 0) * (line - edge) * envelope;
    for (const x of [middle + distance, middle - distance]) {
      context.strokeStyle = colours.rest;
      dot(context, x, line);
      if (up > 1) bar(context, x, line - lineGap, line - lineGap - up, colours.user);
      if (down > 1) bar(context, x, line + lineGap, line + lineGap + down, colours.agent);
    }
    if (scene.mark === index) {
      for (const x of [middle + distance + barStep / 2, middle - distance - barStep / 2]) notch(context, x, height, colours.mark);
    }
  }
  context.globalAlpha = 1;
}

function dot(context: CanvasRenderingContext2D, x: number, y: number): void {
  context.beginPath();
  context.lineWidth = 1.5;
  context.moveTo(x - 0.5, y);
  context.lineTo(x + 0.5, y);
  context.stroke();
  context.lineWidth = barWidth;
}

function bar(context: CanvasRenderingContext2D, x: number, from: number, to: number, colour: string): void {
  context.beginPath();
  context.strokeStyle = colour;
  context.moveTo(x, from);
  context.lineTo(x, to);
  context.stroke();
}

/** Where the agent was cut short. */
function notch(context: CanvasRenderingContext2D, x: number, height: number, colour: string): void {
  context.save();
  context.beginPath();
  context.lineWidth = 1;
  context.setLineDash([2, 4]);
  context.strokeStyle = colour;
  context.moveTo(x, 6);
  context.lineTo(x, height - 6);
  context.stroke();
  context.restore();
}
