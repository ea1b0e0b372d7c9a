import type { LogEntry } from "./log.js";

type Point = readonly [x: number, y: number];

const WIDTH = 860;
const HEIGHT = 480;
const BOX = { left: 64, right: 24, top: 48, bottom: 56 };
const COLOURS = { raw: "#b9cdec", train: "#1f5fbf", validation: "#c2410c", grid: "#e3e6ea", text: "#333a44" };
/** More points than pixels make a picture no better, only heavier. */
const MAX_POINTS = 800;

/** Round numbers that cover a range: steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(from: number, to: number, about = 6): number[] {
  const span = to - from;
  if (!(span > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(span / about));
  const step = power * ([1, 2, 5, 10].find((factor) => span / (power * factor) <= about) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Exponential moving average with bias correction, so that it starts at the first value. */
export function smooth(points: readonly Point[], weight: number): Point[] {
  let sum = 0;
  let norm = 0;
  return points.map(([x, y]) => {
    sum = weight * sum + (1 - weight) * y;
    norm = weight * norm + (1 - weight);
    return [x, sum / norm] as const;
  });
}

/** At most `limit` points: the means of equal stretches. */
export function thin(points: readonly Point[], limit = MAX_POINTS): Point[] {
  if (points.length <= limit) return [...points];
  return Array.from({ length: limit }, (_, i) => {
    const part = points.slice(Math.floor((i * points.length) / limit), Math.floor(((i + 1) * points.length) / limit));
    return [part.reduce((sum, [x]) => sum + x, 0) / part.length, part.reduce((sum, [, y]) => sum + y, 0) / part.length] as const;
  });
}

export const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);

/** 12000 -> "12k": short enough for an axis. */
const tickLabel = (value: number): string => (Math.abs(value) >= 10_000 ? `${Number((value / 1000).toPrecision(6))}k` : String(value));

/**
 * Draws the loss of a run over its steps as an SVG picture: every step faintly, a smoothed line, and the validation
 * losses as dots.
 *
 * @param entries The run's log.
 * @param title One line above the picture.
 */
export function plotLoss(entries: readonly LogEntry[], title: string): string {
  const raw: Point[] = entries.filter((entry) => entry.type === "step").map(({ step, loss }) => [step, loss]);
  const validation: Point[] = entries.filter((entry) => entry.type === "eval").map(({ step, loss }) => [step, loss]);
  const trend = thin(smooth(raw, 1 - 1 / Math.max(1, Math.min(50, raw.length / 30))));
  const points = thin(raw);

  const maxStep = Math.max(1, ...raw.slice(-1).map(([x]) => x), ...validation.map(([x]) => x));
  const losses = [...points, ...trend, ...validation].map(([, y]) => y);
  const low = losses.length > 0 ? Math.min(...losses) : 0;
  const high = losses.length > 0 ? Math.max(...losses) : 1;
  const pad = Math.max((high - low) * 0.05, 1e-3);
  const [bottom, top] = [Math.max(0, low - pad), high + pad];
  const x = (step: number): number => BOX.left + (step / maxStep) * (WIDTH - BOX.left - BOX.right);
  const y = (loss: number): number => HEIGHT - BOX.bottom - ((loss - bottom) / (top - bottom)) * (HEIGHT - BOX.top - BOX.bottom);
  const line = (path: readonly Point[], colour: string, width: number): string =>
    path.length < 2 ? "" : `<polyline fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" points="${path.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")}"/>`;
  const text = (at: Point, content: string, more = ""): string => `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${more}>${escapeXml(content)}</text>`;

  const grid = [
    ...niceTicks(bottom, top).map((tick) => `<line x1="${BOX.left}" x2="${WIDTH - BOX.right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="${COLOURS.grid}"/>${text([BOX.left - 8, y(tick) + 4], tickLabel(tick), 'text-anchor="end"')}`),
    ...niceTicks(0, maxStep, 8).map((tick) => `<line x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${HEIGHT - BOX.bottom}" y2="${HEIGHT - BOX.bottom + 5}" stroke="${COLOURS.text}"/>${text([x(tick), HEIGHT - BOX.bottom + 20], tickLabel(tick), 'text-anchor="middle"')}`),
  ];
  const dots = validation.map(([a, b]) => `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="3.5" fill="${COLOURS.validation}"/>`);
  const legend = [
    ["training (smoothed)", COLOURS.train],
    ...(validation.length > 0 ? [["validation", COLOURS.validation] as const] : []),
  ].map(([name, colour], i) => {
    const left = WIDTH - BOX.right - 160;
    const height = BOX.top + 16 + i * 20;
    return `<line x1="${left}" x2="${left + 22}" y1="${height - 4}" y2="${height - 4}" stroke="${colour}" stroke-width="3"/>${text([left + 30, height], name!)}`;
  });

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="${COLOURS.text}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${text([BOX.left, 28], title, 'font-size="16" font-weight="600"')}
${grid.join("\n")}
<polyline fill="none" stroke="${COLOURS.text}" points="${BOX.left},${BOX.top} ${BOX.left},${HEIGHT - BOX.bottom} ${WIDTH - BOX.right},${HEIGHT - BOX.bottom}"/>
${line(points, COLOURS.raw, 1)}
${line(trend, COLOURS.train, 2)}
${line(validation, COLOURS.validation, 1.5)}
${dots.join("\n")}
${text([(BOX.left + WIDTH - BOX.right) / 2, HEIGHT - 14], "optimizer steps", 'text-anchor="middle"')}
<text transform="translate(18 ${(HEIGHT - BOX.bottom + BOX.top) / 2}) rotate(-90)" text-anchor="middle">loss (nats per token)</text>
${legend.join("\n")}
</svg>
`;
}
