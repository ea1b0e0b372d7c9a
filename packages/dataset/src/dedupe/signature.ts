import xxhash from "xxhash-wasm";
import { MINHASH, MinHashSigner, shingleSet } from "./minhash.js";

/** What is kept of a list of texts, one after the other. */
export interface SignedTexts {
  /** Different shingles of each text; 0 for a text with fewer words than a shingle. */
  counts: Uint32Array<ArrayBuffer>;
  /** The shingles of all texts, each text's sorted. */
  shingles: Uint32Array<ArrayBuffer>;
  /** 14 keys of each text that has a shingle: a 64-bit hash of each band of its signature, and of the band's number. */
  keys: BigUint64Array<ArrayBuffer>;
}

/** Signs lists of texts; what comes out depends on each text alone. */
export class TextSigner {
  readonly #bytes = new Uint8Array(8 * MINHASH.rows + 1);

  private constructor(
    private readonly signer: MinHashSigner,
    private readonly hash: (bytes: Uint8Array) => bigint,
  ) {}

  static async create(): Promise<TextSigner> {
    return new TextSigner(await MinHashSigner.create(), (await xxhash()).h64Raw);
  }

  sign(texts: readonly string[]): SignedTexts {
    const counts = new Uint32Array(texts.length);
    const sets: Uint32Array[] = [];
    const keys = new BigUint64Array(MINHASH.bands * texts.length);
    let signed = 0;
    let total = 0;
    for (const [index, text] of texts.entries()) {
      const result = this.signer.sign(text);
      if (!result) continue;
      const set = shingleSet(result.shingles);
      sets.push(set);
      total += counts[index] = set.length;
      this.#keysOf(result.signature, keys.subarray(MINHASH.bands * signed++));
    }
    const shingles = new Uint32Array(total);
    let at = 0;
    for (const set of sets) {
      shingles.set(set, at);
      at += set.length;
    }
    return { counts, shingles, keys: keys.slice(0, MINHASH.bands * signed) };
  }

  #keysOf({ buffer, byteOffset }: BigUint64Array, keys: BigUint64Array): void {
    const size = 8 * MINHASH.rows;
    for (let band = 0; band < MINHASH.bands; band++) {
      this.#bytes.set(new Uint8Array(buffer, byteOffset + size * band, size));
      this.#bytes[size] = band;
      keys[band] = this.hash(this.#bytes);
    }
  }
}
