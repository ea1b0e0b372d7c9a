import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import type { Document } from "../document.js";
import { isHubSource } from "../download/hub-list.js";
import { isUrl } from "../download/probe.js";
import { DatasetError, reasonOf } from "../errors.js";
import { hashFraction, sha256Hex } from "../util/hash.js";
import { type Amount, amountOf } from "./limit.js";
import { type ReadOptions, readSourceFiles } from "./read.js";
import { resolveSources } from "./resolve.js";
import type { ColumnNames } from "./types.js";

/** One source of a mixture. */
export interface MixtureSource {
  /** Unique; stages name their weights by it. */
  name: string;
  /** Files, folders, globs, hf:// paths or addresses, as of `readDocuments`. */
  source: string | readonly string[];
  /** Its share of the mixture, in relation to the others' weights. Default: its size times its epochs, so that all end together. */
  weight?: number;
  /** How often it may be gone through; default 1. The last pass of 2.5 takes a half, chosen by seed. */
  epochs?: number;
  columns?: ColumnNames;
}

/** A stage of a curriculum. */
export interface MixtureStage {
  /** How much it has, in the mixture's unit; default for the last stage: until the sources end. */
  amount?: number;
  /** Weights by the sources' names; a source that is not named takes no part. */
  weights: Record<string, number>;
}

/** What is mixed, and how. */
export interface Mixture {
  sources: readonly MixtureSource[];
  /** What weights and amounts count; default "bytes" (UTF-8), which is close to tokens. */
  unit?: keyof Amount;
  /** Curriculum: stages with weights of their own, one after the other. Sources go on where the stage before left them. */
  stages?: readonly MixtureStage[];
  /** "first": the mixture ends with the first source that has run out, so that shares hold to the end; "all": the others go on. Default: "first" where there are weights, else "all". */
  stop?: "first" | "all";
  /** Decides which documents a part of an epoch has; default 0. */
  seed?: number;
}

/** What a mixture took of a source. */
export interface MixtureCount extends Amount {
  name: string;
  /** Passes begun. */
  epochs: number;
}

/** Options of {@link mixDocuments}. */
export interface MixOptions extends Pick<ReadOptions, "exclude" | "signal" | "maxLost" | "onDamage"> {
  /** Reads a source once; default: from files. */
  open?: (source: MixtureSource, epoch: number) => AsyncIterable<Document> | Iterable<Document>;
  /** Called after every document. */
  onProgress?: (counts: readonly MixtureCount[]) => void;
}

const UNITS = ["documents", "tokens", "bytes"] as const;
const isWeight = (value: unknown): value is number => typeof value === "number" && value >= 0 && Number.isFinite(value);

function checkMixture({ sources, unit = "bytes", stages = [], stop = "all" }: Mixture): void {
  const fail = (what: string): never => {
    throw new DatasetError(`The mixture can't be made: ${what}.`);
  };
  if (!Array.isArray(sources) || sources.length === 0) fail('"sources" must be a list of at least one source');
  if (!UNITS.includes(unit)) fail(`"unit" is ${JSON.stringify(unit)}; expected "documents", "tokens" or "bytes"`);
  if (stop !== "first" && stop !== "all") fail(`"stop" is ${JSON.stringify(stop)}; expected "first" or "all"`);
  const names = new Set<string>();
  for (const { name, source, weight, epochs = 1 } of sources) {
    if (typeof name !== "string" || name === "" || names.has(name)) fail(`every source needs a "name" of its own; found ${JSON.stringify(name)}`);
    names.add(name);
    if (typeof source !== "string" && !(Array.isArray(source) && source.length > 0 && source.every((one) => typeof one === "string"))) fail(`the "source" of ${name} must be a path or a list of paths`);
    if (weight !== undefined && !isWeight(weight)) fail(`the weight of ${name} is ${JSON.stringify(weight)}; expected a number of at least 0`);
    if (!(typeof epochs === "number" && epochs > 0)) fail(`the epochs of ${name} are ${JSON.stringify(epochs)}; expected a number above 0`);
  }
  const weighted = sources.filter(({ weight }) => weight !== undefined).length;
  if (weighted > 0 && weighted < sources.length) fail("some sources have a weight and others have none; give all of them one, or none");
  if (weighted > 0 && stages.length > 0) fail("weights stand in the stages or beside the sources, not in both");
  for (const [index, { amount, weights }] of stages.entries()) {
    if (typeof weights !== "object" || weights === null || !Object.values(weights).some((weight) => weight > 0)) fail(`stage ${index} has no "weights" above 0`);
    for (const [name, weight] of Object.entries(weights)) if (!names.has(name) || !isWeight(weight)) fail(`stage ${index} weighs ${JSON.stringify(name)} with ${JSON.stringify(weight)}; expected a source's name and a number of at least 0`);
    if (amount === undefined ? index < stages.length - 1 : !(amount > 0)) fail(`stage ${index} needs an "amount" above 0`);
  }
}

/** A source with where it stands. */
class Stream {
  readonly count: MixtureCount;
  weight: number;
  /** Taken since the stage began. */
  taken = 0;
  #iterator: AsyncIterator<Document> | Iterator<Document> | undefined;
  #epoch = 0;
  #fromPass = 0;
  #next: Document | undefined;
  ended = false;

  constructor(
    readonly source: MixtureSource,
    private readonly open: (epoch: number) => AsyncIterable<Document> | Iterable<Document>,
    private readonly seed: number,
  ) {
    this.count = { name: source.name, documents: 0, tokens: 0, bytes: 0, epochs: 0 };
    this.weight = source.weight ?? 0;
  }

  /** The document that comes next, or undefined when all epochs are over. */
  async peek(): Promise<Document | undefined> {
    const epochs = this.source.epochs ?? 1;
    while (!this.#next && !this.ended) {
      const share = Math.min(1, epochs - this.#epoch);
      if (share <= 1e-9) {
        this.ended = true;
        break;
      }
      if (!this.#iterator) {
        const items = this.open(this.#epoch);
        this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
        this.#fromPass = 0;
        this.count.epochs++;
      }
      const { value, done } = await this.#iterator.next();
      if (done) {
        // A pass without a single document would be followed by others for ever.
        if (this.#fromPass === 0) this.ended = true;
        this.#iterator = undefined;
        this.#epoch++;
        continue;
      }
      this.#fromPass++;
      const document = value as Document;
      if (share < 1 && hashFraction(sha256Hex(`${this.seed}\n${this.source.name}\n${document.id}\n${document.text}`).slice(0, 16)) >= share) continue;
      this.#next = document;
    }
    return this.#next;
  }

  take(unit: keyof Amount): number {
    const amount = amountOf(this.#next!);
    this.#next = undefined;
    for (const key of UNITS) this.count[key] += amount[key];
    this.taken += amount[unit];
    return amount[unit];
  }

  async close(): Promise<void> {
    await this.#iterator?.return?.();
  }
}

/**
 * Documents of several sources in the proportion of their weights. The next document always comes from the source that is
 * furthest behind its share, so that every beginning of the stream has the shares, to within one document of each source; the
 * order is the same each time. At most one document of each source is in memory.
 *
 * @throws DatasetError for a mixture that contradicts itself, and as `readDocuments`; AbortError
 */
export async function* mixDocuments(mixture: Mixture, { open, exclude, signal, maxLost, onDamage, onProgress }: MixOptions = {}): AsyncGenerator<Document> {
  checkMixture(mixture);
  const { sources, unit = "bytes", stages, seed = 0 } = mixture;
  const weighted = stages !== undefined || sources.some(({ weight }) => weight !== undefined);
  const stop = mixture.stop ?? (weighted ? "first" : "all");
  const streams: Stream[] = [];
  for (const source of sources) {
    if (open) streams.push(new Stream(source, (epoch) => open(source, epoch), seed));
    else {
      const files = await resolveSources(source.source, { exclude, signal });
      streams.push(new Stream(source, () => readSourceFiles(files, { signal, maxLost, onDamage, ...(source.columns ? { columns: source.columns } : {}) }), seed));
      // As if compression were alike; with weights given, sizes play no part.
      if (!weighted) streams.at(-1)!.weight = files.reduce((sum, { size }) => sum + size, 0) * (source.epochs ?? 1);
    }
    if (!weighted && open) streams.at(-1)!.weight = source.epochs ?? 1;
  }
  const plan: readonly { amount?: number; weights?: Record<string, number> }[] = stages ?? [{}];
  try {
    for (const { amount = Infinity, weights } of plan) {
      for (const stream of streams) {
        stream.taken = 0;
        if (weights) stream.weight = weights[stream.source.name] ?? 0;
      }
      for (let sum = 0; sum < amount; ) {
        signal?.throwIfAborted();
        let next: Stream | undefined;
        for (const stream of streams) {
          if (stream.ended || stream.weight <= 0) continue;
          if (!next || stream.taken / stream.weight < next.taken / next.weight) next = stream;
        }
        if (!next) break;
        const document = await next.peek();
        if (!document) {
          if (stop === "first") return;
          continue;
        }
        sum += next.take(unit);
        onProgress?.(streams.map(({ count }) => count));
        yield document;
      }
    }
  } finally {
    for (const stream of streams) await stream.close();
  }
}

/** Reads a mixture from a JSON file; paths in it are relative to its folder. @throws DatasetError naming the file */
export async function readMixture(path: string): Promise<Mixture> {
  let mixture: Mixture;
  try {
    mixture = JSON.parse(await readFile(path, "utf8")) as Mixture;
    checkMixture(mixture);
  } catch (error) {
    throw error instanceof DatasetError ? new DatasetError(`${path}: ${error.message}`, { cause: error }) : new DatasetError(`${path} is not a mixture: ${reasonOf(error)}. Expected JSON such as {"sources": [{"name": "web", "source": "documents/*.parquet", "weight": 0.9}, …]}.`, { cause: error });
  }
  const place = (source: string): string => (isHubSource(source) || isUrl(source) || isAbsolute(source) ? source : join(dirname(path), source));
  return { ...mixture, sources: mixture.sources.map((source) => ({ ...source, source: typeof source.source === "string" ? place(source.source) : source.source.map(place) })) };
}
