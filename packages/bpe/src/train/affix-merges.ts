import { BYTE_TO_CHAR } from "../bytes.js";
import type { Merge } from "./merge-loop.js";
import type { TrainSettings } from "./options.js";
import type { FlatWords } from "./symbols.js";
import type { Vocabulary } from "./vocabulary.js";


/** One word as symbols: their ids and lengths. With affixes, one id can stand for symbols of several lengths. */
interface Word {
  ids: number[];
  lengths: number[];
  count: number;
}

/** A pair with the words it was seen in since it was last queued. */
interface Entry {
  key: number;
  count: number;
  words: Set<number>;
}

/** Ids stay below 2^21, so a pair fits in a number, and pairs compare as their numbers do. */
const SHIFT = 1 << 21;

/**
 * Merging where symbols carry a prefix or suffix by their place in the word. The same token can then be made in several
 * ways, so that pairs come back; this follows the oracle step by step where {@link MergeLoop} takes short cuts.
 *
 * Source: huggingface/tokenizers, tokenizers/src/models/bpe/trainer.rs (`tokenize_words`, `do_train`) and word.rs (`merge`).
 * Words are taken in the order of their characters, so that ids do not depend on chance; there a hash map orders them.
 */
export class AffixMerges {
  private readonly words: Word[] = [];
  private readonly counts = new Map<number, number>();
  private readonly found = new Map<number, Set<number>>();
  private readonly heap: Entry[] = [];
  private top: Entry | undefined;

  constructor(
    words: FlatWords,
    private readonly vocabulary: Vocabulary,
    private readonly settings: TrainSettings,
  ) {
    this.split(words);
    for (const [index, { ids, count }] of this.words.entries()) {
      for (let at = 0; at + 1 < ids.length; at++) this.see(ids[at]! * SHIFT + ids[at + 1]!, count, index);
    }
    this.queue();
  }

  next(): Merge | undefined {
    for (let top = this.pop(); top; top = this.pop()) {
      const count = this.counts.get(top.key)!;
      if (count !== top.count) {
        top.count = count;
        this.push(top);
        continue;
      }
      // A count below zero counts as the highest there is: the oracle reads it as unsigned.
      if (count === 0 || (count > 0 && count < this.settings.minFrequency)) return undefined;
      this.top = top;
      return { left: Math.floor(top.key / SHIFT), right: top.key % SHIFT };
    }
    return undefined;
  }

  apply({ left, right }: Merge, id: number): void {
    for (const index of this.top!.words) this.mergeWord(index, left, right, id);
    this.queue();
  }

  private split({ table, counts }: FlatWords): void {
    const { prefix, suffix } = this.settings;
    const texts = Array.from({ length: table.size }, (_, word) => Array.from(table.arena.subarray(table.starts[word], table.starts[word + 1]), (byte) => BYTE_TO_CHAR[byte]!).join(""));
    const order = Array.from(texts.keys()).sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1));
    for (const word of order) {
      const text = texts[word]!;
      const ids: number[] = [];
      for (let at = 0; at < text.length; at++) {
        let symbol = text[at]!;
        if (!this.vocabulary.ids.has(symbol)) continue; // left out of the alphabet
        if (at > 0 && prefix !== null) symbol = prefix + symbol;
        if (at === text.length - 1 && suffix !== null) symbol += suffix;
        ids.push(this.vocabulary.add(symbol));
      }
      this.words.push({ ids, lengths: ids.map(() => 1), count: counts[word]! });
    }
  }

  private mergeWord(index: number, left: number, right: number, id: number): void {
    const { ids, lengths, count } = this.words[index]!;
    const limit = this.settings.maxTokenLength;
    for (let at = 0; at + 1 < ids.length; at++) {
      if (ids[at] !== left || ids[at + 1] !== right) continue;
      const length = lengths[at]! + lengths[at + 1]!;
      ids.splice(at, 2, id);
      lengths.splice(at, 2, length);
      if (at > 0) {
        this.change(ids[at - 1]! * SHIFT + left, -count);
        if (lengths[at - 1]! + length < limit) this.see(ids[at - 1]! * SHIFT + id, count, index);
      }
      if (at + 1 < ids.length) {
        this.change(right * SHIFT + ids[at + 1]!, -count);
        if (lengths[at + 1]! + length < limit) this.see(id * SHIFT + ids[at + 1]!, count, index);
      }
    }
  }

  private change(key: number, count: number): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + count);
  }

  private see(key: number, count: number, word: number): void {
    this.change(key, count);
    const words = this.found.get(key);
    if (words) words.add(word);
    else this.found.set(key, new Set([word]));
  }

  /** Offers the pairs that were seen since the last call, each with the words it was seen in. */
  private queue(): void {
    for (const [key, words] of this.found) {
      const count = this.counts.get(key)!;
      if (count > 0) this.push({ key, count, words });
    }
    this.found.clear();
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.push(entry) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && before(entry, heap[parent]!); parent = (at - 1) >> 1) {
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): Entry | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = at * 2 + 1) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** By count as an unsigned number, then by ids. */
function before(a: Entry, b: Entry): boolean {
  if (a.count === b.count) return a.key < b.key;
  return a.count < 0 === b.count < 0 ? a.count > b.count : a.count < 0;
}
