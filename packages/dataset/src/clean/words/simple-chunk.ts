import { ChunkTable } from "./chunk-table.js";
import { SPECIAL } from "./spacy-en.js";

const isLower = (code: number): boolean => code >= 97 && code <= 122;
const isLetter = (code: number): boolean => isLower(code | 32);
const bitsOf = (chars: string): Uint8Array => {
  const bits = new Uint8Array(0x2020);
  for (const char of chars) bits[char.charCodeAt(0)] = 1;
  return bits;
};
/** Prefixes and suffixes by themselves, whatever stands beside them; a full stop is a suffix behind a small letter. */
const OPENING = bitsOf("\"“‘'([{");
const CLOSING = bitsOf("\"”’')]},.;:!?—");
/** What may stand before a last closing character: no pair of the two is a smiley. */
const ENDING = bitsOf(",.;:!?—");
const QUOTE = bitsOf("\"”’'");
/** Infixes between letters. */
const DASH = bitsOf("-–—");
/** Dashes that are cut at; chunks with more are left to the rules. */
const MOST_DASHES = 5;
/** Room for the cuts of one chunk. */
export const MOST_CUTS = 5 + 2 * MOST_DASHES;

let runs: ChunkTable | undefined;
/** The runs of letters of all special chunks: where one of them is the word, the rules decide. */
function specialRuns(): ChunkTable {
  if (runs) return runs;
  runs = new ChunkTable();
  for (const run of new Set(SPECIAL.flatMap((line) => line.replaceAll(" ", "").match(/[A-Za-z]+/g) ?? []))) {
    const units = Uint16Array.from(run, (char) => char.charCodeAt(0));
    runs.add(units, 0, units.length, ChunkTable.hash(units, 0, units.length), 0);
  }
  return runs;
}

/**
 * Cuts a chunk that is a word of English letters, or a few with dashes between them, with at most one opening character before it and, behind it, at most two closing ones
 * or 's, which most chunks are, without running the rules of {@link splitChunk} or making strings.
 * @param cuts Of {@link MOST_CUTS}; gets where each token begins and, last, where the chunk ends
 * @returns how many tokens there are; 0 for a chunk that needs the rules
 */
export function cutSimple(units: Uint16Array, start: number, end: number, cuts: Int32Array): number {
  let from = start;
  let to = end;
  let count = 0;
  cuts[count++] = start;
  if (OPENING[units[from]!] === 1) cuts[count++] = ++from;
  let ending = 0;
  if (to - from > 1) {
    const last = units[to - 1]!;
    const before = units[to - 2]!;
    if (CLOSING[last] === 1 && (last !== 46 || isLower(before))) {
      to--;
      ending = 1;
      if (to - from > 1 && QUOTE[last] === 1 && ENDING[before] === 1) {
        if (before === 46 && !isLower(units[to - 2]!)) return 0;
        to--;
        ending = 2;
      }
    } else if (last === 115 && (before === 39 || before === 0x2019) && to - from > 2) {
      to -= 2;
      ending = 3;
    }
  }
  const special = specialRuns();
  let hash = 0;
  let run = from;
  for (let i = from; i < to; i++) {
    const unit = units[i]!;
    if (isLetter(unit)) hash = ChunkTable.step(hash, unit);
    else {
      if (DASH[unit] !== 1 || i === run || count > 2 * MOST_DASHES || special.find(units, run, i, hash) !== undefined) return 0;
      cuts[count++] = i;
      cuts[count++] = run = i + 1;
      hash = 0;
    }
  }
  if (run === to || special.find(units, run, to, hash) !== undefined) return 0;
  if (ending > 0) cuts[count++] = to;
  if (ending === 2) cuts[count++] = to + 1;
  cuts[count] = end;
  return count;
}
