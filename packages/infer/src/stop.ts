/**
 * Cuts a stream of text at the first of some stop strings. Text that may be the beginning of one is held back until it is clear,
 * so no part of a stop string ever comes out.
 */
export class StopFilter {
  readonly #stops: readonly string[];
  #held = "";
  #found: string | undefined;

  /** @param stops - Empty strings are ignored. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** The stop string that ended the text. */
  get found(): string | undefined {
    return this.#found;
  }

  /** Takes more text and returns what is safe to show. After a stop string everything is swallowed. */
  push(text: string): string {
    if (this.#found !== undefined) return "";
    const all = this.#held + text;
    // The one that is complete first wins, so that the cut does not depend on how the text came in pieces.
    let cut = { start: -1, end: Infinity };
    for (const stop of this.#stops) {
      const start = all.indexOf(stop);
      const end = start + stop.length;
      if (start < 0 || end > cut.end || (end === cut.end && start > cut.start)) continue;
      cut = { start, end };
      this.#found = stop;
    }
    if (this.#found !== undefined) {
      this.#held = "";
      return all.slice(0, cut.start);
    }
    const keep = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  /** The text ends here: what was held back was no stop string after all. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}

/** Length of the longest end of `text` that `stop` begins with, short of all of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
