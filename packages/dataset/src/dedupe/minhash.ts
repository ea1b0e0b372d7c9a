import { FACTORS, SUMMANDS } from "./constants.js";
import { minHashLoops } from "./minhash-wasm.js";
import { ShingleWords } from "./shingle-words.js";

/** FineWeb's parameters: 112 hashes in 14 bands of 8 over shingles of 5 words (Penedo et al. 2024, section 3.4). */
export const MINHASH = { words: 5, bands: 14, rows: 8 } as const;
const HASHES = MINHASH.bands * MINHASH.rows;
/** Bytes of the parameters and of a signature in the loop's memory. */
const PARAMETERS = HASHES * 16;
const SIGNATURE = HASHES * 8;
const SHINGLES = PARAMETERS + SIGNATURE;
const PAGE = 1 << 16;

/** What stands for a text when texts are compared. Both are valid until the next text is signed. */
export interface Signed {
  /** 112 hashes, band by band. */
  signature: BigUint64Array;
  /** The 64-bit hash of every shingle, in the text's order. */
  shingles: BigUint64Array;
}

/**
 * Signs texts by MinHash, bit for bit as datatrove does (pipeline/dedup/minhash.py, its defaults: xxHash64 of shingles, hash functions
 * drawn by numpy from seed 1): words of the simple form of the text, by spaCy's English rules.
 */
export class MinHashSigner {
  readonly #words = new ShingleWords();
  readonly #loops = minHashLoops(MINHASH.words);

  private constructor() {
    // What the loops read and write lies one behind the other: parameters, signature, shingles, and of the text the words' ends and bytes.
    const parameters = new BigUint64Array(this.#loops.memory.buffer, 0, 2 * HASHES);
    for (let i = 0; i < HASHES; i++) {
      parameters[2 * i] = BigInt(`0x${FACTORS[i]!}`);
      parameters[2 * i + 1] = BigInt(`0x${SUMMANDS[i]!}`);
    }
  }

  static create(): Promise<MinHashSigner> {
    return Promise.resolve(new MinHashSigner());
  }

  /** The signature of a text, or undefined if it has fewer words than a shingle. */
  sign(text: string): Signed | undefined {
    const words = this.#words.split(text);
    const count = words - MINHASH.words + 1;
    if (count < 1) return undefined;
    const { memory } = this.#loops;
    const ends = SHINGLES + 8 * count;
    const bytes = ends + 4 * (words + 1);
    const size = this.#words.ends[words]!;
    const missing = bytes + size - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    const { buffer } = memory;
    new Int32Array(buffer, ends, words + 1).set(this.#words.ends.subarray(0, words + 1));
    new Uint8Array(buffer, bytes, size).set(this.#words.bytes.subarray(0, size));
    this.#loops.shingles(ends, ends + 4 * count, bytes, SHINGLES);
    this.#loops.least(SHINGLES, ends, 0, PARAMETERS, SHINGLES);
    return { signature: new BigUint64Array(buffer, PARAMETERS, HASHES), shingles: new BigUint64Array(buffer, SHINGLES, count) };
  }
}

/** The different shingles of a text by 32 bits of their hashes, sorted: enough to tell how much two texts share. */
export function shingleSet(shingles: BigUint64Array): Uint32Array {
  const low = new Uint32Array(shingles.length);
  const words = new Uint32Array(shingles.buffer, shingles.byteOffset, 2 * shingles.length);
  for (let i = 0; i < low.length; i++) low[i] = words[2 * i]!;
  low.sort();
  let count = 0;
  for (let i = 0; i < low.length; i++) if (i === 0 || low[i] !== low[i - 1]) low[count++] = low[i]!;
  return low.slice(0, count);
}

/** How much two sorted sets share: the size of their intersection by that of their union (Jaccard's similarity). */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const x = a[i]!;
    const y = b[j]!;
    if (x === y) shared++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  const union = a.length + b.length - shared;
  return union > 0 ? shared / union : 0;
}
