// The textbook algorithm, slow and short: words as lists of ids, all pairs counted anew for each merge.

const utf8 = new TextEncoder();
/** The same pattern with the same classes as far as the letters of these tests go. */
const PATTERN = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

const codes = [...Array(256).keys()].map((byte) => ((byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173) ? byte : -1));
let next = 256;
const CHARS = codes.map((code) => String.fromCharCode(code < 0 ? next++ : code));

/** The merges "left+right" that training without special tokens makes. */
export function trainReference(texts: readonly string[], vocabSize: number, minFrequency: number): string[] {
  const tokens = [...CHARS].sort();
  const words: { ids: number[]; count: number }[] = [];
  const seen = new Map<string, { ids: number[]; count: number }>();
  for (const text of texts) {
    for (const [word] of text.matchAll(PATTERN)) {
      let entry = seen.get(word);
      if (!entry) {
        entry = { ids: Array.from(utf8.encode(word), (byte) => tokens.indexOf(CHARS[byte]!)), count: 0 };
        seen.set(word, entry);
        words.push(entry);
      }
      entry.count++;
    }
  }
  const merges: string[] = [];
  while (tokens.length < vocabSize) {
    const counts = new Map<string, number>();
    for (const { ids, count } of words) {
      for (let at = 0; at + 1 < ids.length; at++) {
        const key = `${ids[at]!},${ids[at + 1]!}`;
        counts.set(key, (counts.get(key) ?? 0) + count);
      }
    }
    const best = [...counts]
      .map(([key, count]) => ({ count, pair: key.split(",").map(Number) as [number, number] }))
      .sort((a, b) => b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1])[0];
    if (!best || best.count < Math.max(1, minFrequency)) break;
    const [left, right] = best.pair;
    merges.push(`${tokens[left]!}+${tokens[right]!}`);
    const id = tokens.push(tokens[left]! + tokens[right]!) - 1;
    for (const word of words) {
      for (let at = 0; at + 1 < word.ids.length; at++) {
        if (word.ids[at] === left && word.ids[at + 1] === right) word.ids.splice(at, 2, id);
      }
    }
  }
  return merges;
}
