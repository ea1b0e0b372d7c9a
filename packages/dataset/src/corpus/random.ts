/** A small seeded generator; `Rng` is all the corpus ever uses, so document i depends on (seed, stream, i) alone. */
export interface Rng {
  /** A float in [0, 1). */
  next(): number;
  /** An integer in [0, n). */
  below(n: number): number;
  /** One item of a non-empty list. */
  pick<T>(items: readonly T[]): T;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** A new list with the same items in random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** `n` different items, in random order. */
  sample<T>(items: readonly T[], n: number): T[];
}

/** 32-bit FNV-1a over the UTF-16 units of a string, finished with a murmur3 avalanche. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [0, 1) that depends on the text alone: decides what is held out. */
export function hashUnit(text: string): number {
  return hash32(text) / 4294967296;
}

/** sfc32 (Chris Doty-Humphrey, PractRand) seeded from a text key. */
export function createRng(key: string): Rng {
  let a = hash32(key);
  let b = hash32(`${key}#b`);
  let c = hash32(`${key}#c`);
  let d = 1;
  const unit = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) unit();
  const rng: Rng = {
    next: unit,
    below: (n) => Math.floor(unit() * n),
    pick: (items) => items[Math.floor(unit() * items.length)]!,
    chance: (probability) => unit() < probability,
    shuffle: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = Math.floor(unit() * (i + 1));
        const kept = out[i]!;
        out[i] = out[j]!;
        out[j] = kept;
      }
      return out;
    },
    sample: (items, n) => rng.shuffle(items).slice(0, n),
  };
  return rng;
}

/** Picks by weight; weights need not sum to one. */
export function pickWeighted<T>(rng: Rng, items: readonly (readonly [number, T])[]): T {
  let total = 0;
  for (const [weight] of items) total += weight;
  let at = rng.next() * total;
  for (const [weight, item] of items) {
    at -= weight;
    if (at < 0) return item;
  }
  return items[items.length - 1]![1];
}
