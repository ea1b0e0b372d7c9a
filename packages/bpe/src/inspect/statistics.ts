import type { Tokenizer } from "../tokenizer.js";

/** How a tokenizer does on some texts. */
export interface Statistics {
  documents: number;
  /** UTF-8 bytes of the texts. */
  bytes: number;
  /** Code points of the texts. */
  characters: number;
  tokens: number;
  bytesPerToken: number;
  charactersPerToken: number;
  /** Tokens of a document: the mean, and what half, nine tenths and 99 of 100 of them do not exceed. */
  tokensPerDocument: { mean: number; median: number; p90: number; p99: number; most: number };
  /** Tokens of the vocabulary that occur, and as a share of it. */
  used: number;
  usedShare: number;
  /** Share of the tokens that stand for a single byte. */
  singleByteShare: number;
  /** Tokens that stand for what the vocabulary does not have. */
  unknown: number;
  /** The most frequent tokens with how often each occurs. */
  frequent: { id: number; count: number }[];
}

/** Gathers {@link Statistics} text by text. */
export class StatisticsCounter {
  private readonly counts: Float64Array;
  private readonly lengths: number[] = [];
  private bytes = 0;
  private characters = 0;

  constructor(private readonly tokenizer: Tokenizer) {
    this.counts = new Float64Array(tokenizer.vocabSize);
  }

  /** Adds a document; returns its ids. Special tokens in it count as text. */
  add(text: string): Uint32Array {
    const { ids } = this.tokenizer.encode(text);
    for (const id of ids) this.counts[id]!++;
    this.lengths.push(ids.length);
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      const low = unit >= 0xdc00 && unit < 0xe000 && at > 0 && text.charCodeAt(at - 1) >= 0xd800 && text.charCodeAt(at - 1) < 0xdc00;
      if (!low) this.characters++;
      // The second half of a pair makes four bytes of the three of a lone one.
      this.bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : low ? 1 : 3;
    }
    return ids;
  }

  /** @param frequent Number of the most frequent tokens that are listed. */
  result(frequent = 20): Statistics {
    const { counts, lengths, bytes, characters, tokenizer } = this;
    const sorted = Float64Array.from(lengths).sort();
    const tokens = sorted.reduce((sum, length) => sum + length, 0);
    const quantile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    const ids = Array.from(counts.keys()).filter((id) => counts[id]! > 0);
    const single = ids.reduce((sum, id) => sum + (tokenizer.tokenBytes(id)?.length === 1 ? counts[id]! : 0), 0);
    const over = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
    return {
      documents: lengths.length,
      bytes,
      characters,
      tokens,
      bytesPerToken: over(bytes, tokens),
      charactersPerToken: over(characters, tokens),
      tokensPerDocument: { mean: over(tokens, lengths.length), median: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), most: sorted.at(-1) ?? 0 },
      used: ids.length,
      usedShare: ids.length / tokenizer.vocabSize,
      singleByteShare: over(single, tokens),
      unknown: tokenizer.special.unk === undefined ? 0 : counts[tokenizer.special.unk]!,
      frequent: ids.sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, frequent).map((id) => ({ id, count: counts[id]! })),
    };
  }
}
