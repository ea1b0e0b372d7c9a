import { SingleBar } from "cli-progress";
import { formatCount, formatDuration } from "./format.js";

/** How a progress display is made. */
export interface ProgressOptions {
  /** The stage's name, at the start of the line. */
  label: string;
  /** The amount of work, in `unit`; undefined or 0 where it is not known. */
  total?: number | undefined;
  /** What is counted ("documents", "bytes", "steps"). */
  unit?: string;
  /** Where it is written; default standard error. */
  stream?: NodeJS.WriteStream;
  /** Milliseconds between the plain lines that are written where there is no terminal; default 5,000. */
  plainEvery?: number;
}

/** A progress bar on a terminal, plain lines elsewhere. */
export interface Progress {
  /** Sets how much is done, with a note that stands after the numbers ("loss 2.31, 12.4k tokens/s"). */
  update(done: number, note?: string): void;
  /** Changes the total. */
  setTotal(total: number): void;
  /** Ends the display and leaves one closing line. */
  stop(note?: string): void;
}

/**
 * Starts a progress display on standard error: a bar with the time left on a terminal, else a plain line every few
 * seconds, so that logs stay readable. Standard output is never touched.
 */
export function createProgress({ label, total = 0, unit = "", stream = process.stderr, plainEvery = 5_000 }: ProgressOptions): Progress {
  const started = Date.now();
  const elapsed = (): number => (Date.now() - started) / 1000;
  let done = 0;
  let note = "";
  let max = total;
  const left = (): string => (max > 0 && done > 0 && done < max ? `, ${formatDuration((elapsed() * (max - done)) / done)} left` : "");
  const counts = (): string => `${formatCount(done)}${max > 0 ? `/${formatCount(max)}` : ""}${unit ? ` ${unit}` : ""}`;
  const closing = (last: string): string => `${label.padEnd(12)} ${counts()} in ${formatDuration(elapsed())}${last ? `  ${last}` : ""}\n`;

  if (stream.isTTY) {
    const bar = new SingleBar(
      {
        stream,
        clearOnComplete: true,
        hideCursor: true,
        fps: 8,
        barsize: 24,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        format: (_options, params) => {
          const share = max > 0 ? Math.min(1, params.value / max) : 0;
          const filled = Math.round(share * 24);
          const graph = max > 0 ? `${"█".repeat(filled)}${"░".repeat(24 - filled)} ${String(Math.floor(share * 100)).padStart(3)}%` : "…";
          const line = `${label.padEnd(12)} ${graph}  ${counts()}${left()}${note ? `  ${note}` : ""}`;
          return line.slice(0, Math.max(20, (stream.columns ?? 100) - 1));
        },
      },
    );
    bar.start(Math.max(1, max), 0);
    return {
      update(value, text) {
        done = value;
        if (text !== undefined) note = text;
        bar.update(Math.min(value, Math.max(1, max)));
      },
      setTotal(value) {
        max = value;
        bar.setTotal(Math.max(1, value));
      },
      stop(last = note) {
        bar.stop();
        stream.write(closing(last));
      },
    };
  }

  let lastLine = started;
  return {
    update(value, text) {
      done = value;
      if (text !== undefined) note = text;
      if (Date.now() - lastLine < plainEvery) return;
      lastLine = Date.now();
      stream.write(`${label.padEnd(12)} ${counts()}${left()}${note ? `  ${note}` : ""}\n`);
    },
    setTotal(value) {
      max = value;
    },
    stop(last = note) {
      stream.write(closing(last));
    },
  };
}
