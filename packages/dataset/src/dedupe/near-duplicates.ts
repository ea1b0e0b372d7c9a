import type { Document } from "../document.js";
import { BandFiles } from "./bands.js";
import { MINHASH, jaccard } from "./minhash.js";
import { type Cursor, SegmentStore } from "./segments.js";
import type { SignedTexts } from "./signature.js";
import { SigningPool } from "./signing-pool.js";

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

/** How {@link NearDuplicateIndex} works; the result does not depend on it. */
export interface IndexOptions extends NearDuplicateOptions {
  /** Threads that sign texts; default 1, the caller's own. */
  workers?: number;
  /** Bytes of entries that are sorted in memory at a time; default 64 MiB. */
  sortMemory?: number;
  /** Go on with what an earlier index left in the folder; default false, what is there is removed. */
  resume?: boolean;
  /** Documents of a segment, the most that is lost when a run is cut off; default 50,000. For tests. */
  segmentDocuments?: number;
}

/** Documents and characters that are signed at a time. */
const BATCH_DOCUMENTS = 256;
const BATCH_CHARACTERS = 1 << 20;
const SORT_MEMORY = 64 << 20;
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
  /** The documents of each cluster in ascending order, in the order of their first ones. */
  members(): Iterable<number[]>;
}

/** A list of texts that is being signed. */
interface Batch {
  documents: { id: string; length: number; next: Cursor }[];
  signed: Promise<SignedTexts>;
}

/**
 * Finds near-duplicates by MinHash and locality-sensitive hashing with FineWeb's parameters: documents that agree in all 8 hashes of one
 * of 14 bands are candidates (a pair with similarity 0.75 with a chance of 77 %, with 0.9 of more than 99.9 %); a candidate counts when its true
 * similarity, by all shingles, is high enough. Signatures and shingles are on disk, in segments that stay when a run is cut off; in memory
 * are, beside what is worked on, 16 bytes a document while clusters are made.
 */
export class NearDuplicateIndex {
  readonly #options: Required<NearDuplicateOptions>;
  readonly #flight: Batch[] = [];
  #documents: Batch["documents"] = [];
  #texts: string[] = [];
  #characters = 0;
  #added: number;

  private constructor(
    private readonly folder: string,
    { similarity, keep }: NearDuplicateOptions,
    private readonly sortMemory: number,
    private readonly pool: SigningPool,
    private readonly store: SegmentStore,
  ) {
    this.#options = { similarity: similarity ?? NEAR_DUPLICATES.similarity, keep: keep ?? NEAR_DUPLICATES.keep };
    this.#added = store.count;
  }

  /** @param folder For its files; the caller removes it after {@link close} */
  static async create(folder: string, { workers = 1, sortMemory = SORT_MEMORY, resume = false, segmentDocuments, ...options }: IndexOptions = {}): Promise<NearDuplicateIndex> {
    const store = await SegmentStore.open(folder, segmentDocuments);
    if (!resume) await store.clear();
    return new NearDuplicateIndex(folder, options, sortMemory, new SigningPool(workers), store);
  }

  /** Where to go on with adding, after what is on disk. */
  get cursor(): Cursor {
    return this.store.cursor;
  }

  /** Documents that were added, in this run or the one that is gone on with. */
  get count(): number {
    return this.#added;
  }

  /**
   * Adds the next document. Texts of fewer words than a shingle are no one's duplicates.
   * @param next Where to go on behind it, for {@link cursor}
   */
  async add({ id, text }: Pick<Document, "id" | "text">, next: Cursor = { file: 0, row: this.#added + 1 }): Promise<void> {
    this.#documents.push({ id, length: text.length, next });
    this.#texts.push(text);
    this.#added++;
    if (this.#texts.length < BATCH_DOCUMENTS && (this.#characters += text.length) < BATCH_CHARACTERS) return;
    this.#send();
    while (this.#flight.length > 2 * this.pool.workers) await this.#receive();
  }

  #send(): void {
    if (this.#texts.length === 0) return;
    const signed = this.pool.sign(this.#texts);
    // Whoever waits for it gets the error; until then nobody does.
    signed.catch(() => undefined);
    this.#flight.push({ documents: this.#documents, signed });
    [this.#documents, this.#texts, this.#characters] = [[], [], 0];
  }

  /** Stores the oldest list that is being signed. */
  async #receive(): Promise<void> {
    const batch = this.#flight[0]!;
    await this.store.add(batch.documents, await batch.signed);
    this.#flight.shift();
  }

  /** Writes all that was added to disk. */
  async #flush(): Promise<void> {
    const last = this.#documents.at(-1) ?? this.#flight.at(-1)?.documents.at(-1);
    this.#send();
    while (this.#flight.length > 0) await this.#receive();
    await this.store.seal(last?.next ?? this.store.cursor);
  }

  /** The id of a document that was added. */
  async id(document: number): Promise<string> {
    await this.#flush();
    return this.store.id(document);
  }

  /** Compares the candidates and joins the similar ones. */
  async clusters(signal?: AbortSignal): Promise<DuplicateClusters> {
    await this.#flush();
    const parents = new Uint32Array(this.store.count);
    for (let document = 0; document < parents.length; document++) parents[document] = document;
    const find = (document: number): number => {
      let root = document;
      while (parents[root] !== root) root = parents[root] = parents[parents[root]!]!;
      return root;
    };
    const counts = { candidates: 0, verified: 0, clusters: 0, duplicates: 0 };
    const bands = await BandFiles.create(this.folder, this.sortMemory);
    try {
      await this.#deal(bands, signal);
      for await (const group of bands.groups()) {
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
    } finally {
      await bands.close();
    }
    for (let document = 0; document < parents.length; document++) parents[document] = find(document);
    return this.#chosen(parents, counts);
  }

  /** Deals the keys of all documents. */
  async #deal(bands: BandFiles, signal: AbortSignal | undefined): Promise<void> {
    for await (const { first, counts, keys } of this.store.eachSegment()) {
      signal?.throwIfAborted();
      let at = 0;
      for (let i = 0; i < counts.length; i++) {
        if (counts[i] === 0) continue;
        for (let band = 0; band < MINHASH.bands; band++) {
          const full = bands.add(keys[at++]!, first + i);
          if (full) await full;
        }
      }
    }
  }

  /** @param roots The first document of each one's cluster */
  async #chosen(roots: Uint32Array, counts: DuplicateCounts): Promise<DuplicateClusters> {
    const count = roots.length;
    // By root the document that stays, and by document the next one of its cluster; 0, which follows none, where there is none.
    const kept = new Uint32Array(count);
    const following = new Uint32Array(count);
    for (let document = count - 1; document >= 0; document--) {
      const root = roots[document]!;
      if (root === document) continue;
      if (following[root] === 0) counts.clusters++;
      counts.duplicates++;
      following[document] = following[root]!;
      following[root] = document;
      kept[root] = root;
    }
    if (this.#options.keep === "longest") await this.#longest(roots, kept);
    const clusterOf = (document: number): number | undefined => (following[roots[document]!] === 0 ? undefined : roots[document]);
    return {
      ...counts,
      keptOf: (document) => (clusterOf(document) === undefined ? document : kept[roots[document]!]!),
      clusterOf,
      *members() {
        for (let first = 0; first < count; first++) {
          if (roots[first] !== first || following[first] === 0) continue;
          const members = [first];
          for (let next = following[first]!; next !== 0; next = following[next]!) members.push(next);
          yield members;
        }
      },
    };
  }

  /** Makes the longest document of each cluster the one that stays; of equal ones the first. */
  async #longest(roots: Uint32Array, kept: Uint32Array): Promise<void> {
    const most = new Uint32Array(roots.length);
    for await (const { first, lengths } of this.store.eachSegment()) {
      for (const [i, length] of lengths.entries()) {
        const root = roots[first + i]!;
        if (length <= most[root]!) continue;
        most[root] = length;
        kept[root] = first + i;
      }
    }
  }

  async close(): Promise<void> {
    await this.pool.close();
    await this.store.close();
  }
}
