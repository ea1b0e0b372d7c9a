import { ByteTable } from "../byte-table.js";
import { forEachWord, type PreTokenizer } from "../pre-tokenizer.js";

/** The unique words of some texts with how often each occurs: all that training needs to remember of a corpus. */
export class WordCounts {
  /** The words' bytes. */
  readonly table = new ByteTable();
  /** Occurrences of word i; exact up to 2^53. */
  counts = new Float64Array(1 << 10);
  /** Words seen, repeated ones included. */
  total = 0;
  /** UTF-8 bytes seen. */
  bytes = 0;

  constructor(private readonly how: PreTokenizer) {}

  /** Counts the words of one sequence. Whitespace at its end is not joined with the next sequence. */
  addText(text: string): void {
    forEachWord(text, this.how, this.addWord);
  }

  private readonly addWord = (bytes: Uint8Array, start: number, end: number): void => {
    const index = this.table.add(bytes, start, end);
    if (index >= this.counts.length) {
      const larger = new Float64Array(this.counts.length * 2);
      larger.set(this.counts);
      this.counts = larger;
    }
    this.counts[index]!++;
    this.total++;
    this.bytes += end - start;
  };
}
