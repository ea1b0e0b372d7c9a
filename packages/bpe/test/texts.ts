// Texts made by formula, the same as in tools/goldens/bpe_texts.py.

/** The linear congruential generator of Numerical Recipes; 24 high bits of each state. */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state >>> 8;
  }

  below(n: number): number {
    return this.next() % n;
  }
}

const SYLLABLES = "ka ri to mel shu an der ing po la vi est or un bre ty con al fe zo".split(" ");

/** Sentences of invented words, frequent ones first, with contractions, numbers, capitals and odd spaces. */
export function prose(seed: number, sentences: number): string[] {
  const r = new Random(seed);
  const words = Array.from({ length: 1000 }, () => {
    // The draw of the length comes before those of the syllables, as in Python's range.
    const parts = 1 + r.below(4);
    return Array.from({ length: parts }, () => SYLLABLES[r.below(20)]!).join("");
  });
  return Array.from({ length: sentences }, () => {
    let text = "";
    const length = 3 + r.below(12);
    for (let place = 0; place < length; place++) {
      const a = r.below(1000);
      let word = words[Math.floor((a * a * a) / 1000000)]!;
      if (place === 0) word = word[0]!.toUpperCase() + word.slice(1);
      const kind = r.below(24);
      if (kind === 0) word += ["'s", "'t", "'ll", "'re", "'RE"][r.below(5)]!;
      else if (kind === 1) word = String(r.below(5000));
      else if (kind === 2) word += ",";
      else if (kind === 3) word += "\n";
      text += (r.below(40) === 0 ? "  " : place ? " " : "") + word;
    }
    return text + ".".repeat(1 + r.below(2));
  });
}

const RANGES = [[0x20, 0x7f], [0xa0, 0x180], [0x370, 0x400], [0x400, 0x460], [0x5d0, 0x5eb], [0x620, 0x6d0], [0x900, 0x980], [0x2000, 0x2070], [0x3040, 0x30a0], [0x4e00, 0x4e40], [0xac00, 0xac40], [0x1f600, 0x1f640], [0xfe00, 0xff10], [0x10930, 0x10960]] as const;

/** Short runs from many scripts, with whitespace between some of them. */
export function unicodeMix(seed: number, texts: number): string[] {
  const r = new Random(seed);
  return Array.from({ length: texts }, () => {
    let text = "";
    const runs = 1 + r.below(12);
    for (let run = 0; run < runs; run++) {
      const [low, high] = RANGES[r.below(RANGES.length)]!;
      const length = 1 + r.below(6);
      for (let i = 0; i < length; i++) text += String.fromCodePoint(low + r.below(high - low));
      text += ["", " ", "\n", "  ", "\u3000", "\u0085"][r.below(6)]!;
    }
    return text;
  });
}
