import type { Document } from "./document.js";
import { SeededRandom } from "./util/random.js";

/** How {@link sampleDocuments} chooses. */
export interface SampleOptions {
  /** How many documents; all of them where there are fewer. */
  documents: number;
  /** Seed of the random choice; default 0. */
  seed?: number;
  /** "first" takes the first ones and stops reading; "random" reads everything. Default: "random" if a seed is given, else "first". */
  mode?: "first" | "random";
}

/**
 * A part of a stream of documents: the first N, or N chosen at random with equal chances (reservoir sampling, Vitter's
 * algorithm R 1985), which come in their original order. Random sampling holds N documents in memory.
 */
export async function* sampleDocuments(documents: AsyncIterable<Document> | Iterable<Document>, { documents: count, seed, mode = seed === undefined ? "first" : "random" }: SampleOptions): AsyncGenerator<Document> {
  if (count <= 0) return;
  if (mode === "first") {
    let left = count;
    for await (const document of documents) {
      yield document;
      if (--left <= 0) return;
    }
    return;
  }
  const random = new SeededRandom(seed ?? 0);
  const kept: { index: number; document: Document }[] = [];
  let index = 0;
  for await (const document of documents) {
    if (kept.length < count) kept.push({ index, document });
    else {
      const place = random.below(index + 1);
      if (place < count) kept[place] = { index, document };
    }
    index++;
  }
  kept.sort((a, b) => a.index - b.index);
  for (const { document } of kept) yield document;
}
