import xxhash from "xxhash-wasm";
import { WordTable } from "../clean/words/words.js";
import { FACTORS, SUMMANDS } from "./constants.js";
import { type MinHashLoop, minHashLoop } from "./minhash-wasm.js";
import { simplifyText } from "./simplify.js";

/** FineWeb's parameters: 112 hashes in 14 bands of 8 over shingles of 5 words (Penedo et al. 2024, section 3.4). */
export const MINHASH = { words: 5, bands: 14, rows: 8 } as const;
const HASHES = MINHASH.bands * MINHASH.rows;
/** Bytes of the parameters and of a signature in the loop's memory. */
const PARAMETERS = HASHES * 16;
const SIGNATURE = HASHES * 8;
const XS = PARAMETERS + SIGNATURE;
const PAGE = 1 << 16;
const ASCII = /^[\0-\x7f]*$/;

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
  readonly #table = new WordTable();
  readonly #loop: MinHashLoop = minHashLoop();
  #bytes = Buffer.alloc(1 << 16);

  private constructor(private readonly hash: (bytes: Uint8Array) => bigint) {
    const parameters = new BigUint64Array(this.#loop.memory.buffer, 0, 2 * HASHES);
    for (let i = 0; i < HASHES; i++) {
      parameters[2 * i] = BigInt(`0x${FACTORS[i]!}`);
      parameters[2 * i + 1] = BigInt(`0x${SUMMANDS[i]!}`);
    }
  }

  static async create(): Promise<MinHashSigner> {
    return new MinHashSigner((await xxhash()).h64Raw);
  }

  /** The signature of a text, or undefined if it has fewer words than a shingle. */
  sign(text: string): Signed | undefined {
    this.#table.trim();
    const words = this.#table.split(simplifyText(text));
    const count = words - MINHASH.words + 1;
    if (count < 1) return undefined;
    const { memory } = this.#loop;
    const needed = XS + 8 * count;
    if (memory.buffer.byteLength < needed) memory.grow(Math.ceil((needed - memory.buffer.byteLength) / PAGE));
    const shingles = new BigUint64Array(memory.buffer, XS, count);
    const ends = this.#join(words);
    for (let i = 0; i < count; i++) shingles[i] = this.hash(this.#bytes.subarray(i === 0 ? 0 : ends[i - 1]! + 1, ends[i + MINHASH.words - 1]));
    this.#loop.run(XS, needed, 0, PARAMETERS, XS);
    return { signature: new BigUint64Array(memory.buffer, PARAMETERS, HASHES), shingles };
  }

  /** Writes the words, joined by spaces, as UTF-8. @returns where each ends */
  #join(count: number): Int32Array {
    const list = Array.from({ length: count }, (_, i) => this.#table.word(this.#table.ids[i]!));
    const joined = list.join(" ");
    const size = 3 * joined.length;
    if (this.#bytes.length < size) this.#bytes = Buffer.alloc(2 * size);
    this.#bytes.write(joined, "utf8");
    const ascii = ASCII.test(joined);
    const ends = new Int32Array(count);
    let at = -1;
    for (let i = 0; i < count; i++) ends[i] = at = at + 1 + (ascii ? list[i]!.length : Buffer.byteLength(list[i]!));
    return ends;
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
