import type { Document } from "../document.js";
import xxhash from "xxhash-wasm";
import { BandFiles } from "./bands.js";
import { MINHASH, MinHashSigner, jaccard, shingleSet } from "./minhash.js";
import { ShingleStore } from "./store.js";

/** Which document of a cluster stays: the one with most characters, or the one that comes first. Of equal ones the first. */
export type KeepPolicy = "longest" | "first";

/** Settings of finding near-duplicates. */
export interface NearDuplicateOptions {
  /** Least share of shingles that two documents have in common (Jaccard's similarity) to be duplicates; default 0.7. */
  similarity?: number;
  /** Default "longest". */
  keep?: KeepPolicy;
}
export const NEAR_DUPLICATES: Required<NearDuplicateOptions> = { similarity: 0.7, keep: "longest" };

/** Members of a group that the others are compared with: a group in which more differ is mostly chance. */
const MOST_HEADS = 16;

/** What clustering found. */
export interface DuplicateCounts {
  /** Pairs that shared a band, and of those the ones that are similar enough. */
  candidates: number;
  verified: number;
  clusters: number;
  duplicates: number;
}

/** The documents that stay and those that go, by their number in the order in which they were added. */
export interface DuplicateClusters extends DuplicateCounts {
  /** The document that stays instead of this one; the number itself if it stays. */
  keptOf(document: number): number;
  /** The first document of the cluster, which names it; undefined for a document in none. */
  clusterOf(document: number): number | undefined;
}

/**
 * Finds near-duplicates by MinHash and locality-sensitive hashing with FineWeb's parameters: documents that agree in all 8 hashes of one
 * of 14 bands are candidates (a pair with similarity 0.75 with a chance of 77 %, with 0.9 of more than 99.9 %); a candidate counts when its true
 * similarity, by all shingles, is high enough. Everything large is on disk; memory grows by about 20 bytes a document.
 */
export class NearDuplicateIndex {
  readonly #options: Required<NearDuplicateOptions>;
  #lengths = new Int32Array(1 << 10);
  #count = 0;

  private constructor(
    options: NearDuplicateOptions,
    private readonly signer: MinHashSigner,
    private readonly hash: (bytes: Uint8Array) => bigint,
    private readonly bands: BandFiles,
    private readonly store: ShingleStore,
  ) {
    this.#options = { ...NEAR_DUPLICATES, ...options };
  }

  /** @param folder For its files; the caller removes it after {@link close} */
  static async create(folder: string, options: NearDuplicateOptions = {}): Promise<NearDuplicateIndex> {
    return new NearDuplicateIndex(options, await MinHashSigner.create(), (await xxhash()).h64Raw, await BandFiles.create(folder), await ShingleStore.create(folder));
  }

  /** Adds the next document. Texts of fewer words than a shingle are no one's duplicates. */
  async add({ id, text }: Pick<Document, "id" | "text">): Promise<void> {
    const signed = this.signer.sign(text);
    const document = this.#count++;
    if (document === this.#lengths.length) {
      const larger = new Int32Array(2 * document);
      larger.set(this.#lengths);
      this.#lengths = larger;
    }
    this.#lengths[document] = text.length;
    await this.store.add(id, signed ? shingleSet(signed.shingles) : new Uint32Array(0));
    if (!signed) return;
    // Hashing calls into other memory; the signature is copied before anything else is signed.
    const { signature } = signed;
    const bytes = new Uint8Array(8 * MINHASH.rows + 1);
    for (let band = 0; band < MINHASH.bands; band++) {
      bytes.set(new Uint8Array(signature.buffer, signature.byteOffset + 8 * MINHASH.rows * band, 8 * MINHASH.rows));
      bytes[8 * MINHASH.rows] = band;
      await this.bands.add(this.hash(bytes), document);
    }
  }

  /** The id of a document that was added. */
  id(document: number): Promise<string> {
    return this.store.id(document);
  }

  /** Compares the candidates and joins the similar ones. */
  async clusters(signal?: AbortSignal): Promise<DuplicateClusters> {
    await this.store.flush();
    const parents = Uint32Array.from({ length: this.#count }, (_, i) => i);
    const find = (document: number): number => {
      let root = document;
      while (parents[root] !== root) root = parents[root] = parents[parents[root]!]!;
      return root;
    };
    const counts = { candidates: 0, verified: 0, clusters: 0, duplicates: 0 };
    for await (const group of this.bands.groups()) {
      signal?.throwIfAborted();
      const heads: number[] = [];
      for (const document of group) {
        let joined = false;
        for (const head of heads) {
          const [a, b] = [find(head), find(document)];
          if (a !== b) {
            counts.candidates++;
            if (jaccard(await this.store.shingles(head), await this.store.shingles(document)) < this.#options.similarity) continue;
            counts.verified++;
            // The smaller number is the root, so that the first document names the cluster, whatever the order of joining.
            parents[Math.max(a, b)] = Math.min(a, b);
          }
          joined = true;
          break;
        }
        if (!joined && heads.length < MOST_HEADS) heads.push(document);
      }
    }
    return this.#chosen(find, counts);
  }

  #chosen(find: (document: number) => number, counts: DuplicateCounts): DuplicateClusters {
    const kept = new Map<number, number>();
    for (let document = 0; document < this.#count; document++) {
      const root = find(document);
      if (root === document) continue;
      const before = kept.get(root) ?? root;
      const better = this.#options.keep === "longest" && this.#lengths[document]! > this.#lengths[before]!;
      kept.set(root, better ? document : before);
      counts.duplicates++;
    }
    counts.clusters = kept.size;
    return {
      ...counts,
      keptOf: (document) => kept.get(find(document)) ?? document,
      clusterOf: (document) => (kept.has(find(document)) ? find(document) : undefined),
    };
  }

  async close(): Promise<void> {
    await this.bands.close();
    await this.store.close();
  }
}
