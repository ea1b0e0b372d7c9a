/** A 128-bit state for {@link normalGenerator} from a seed and a name: cyrb128, a string hash of public domain. */
export function seedFrom(seed: number, name: string): [number, number, number, number] {
  const text = `${seed}:${name}`;
  let a = 1779033703;
  let b = 3144134277;
  let c = 1013904242;
  let d = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ k, 597399067);
    b = c ^ Math.imul(b ^ k, 2869860233);
    c = d ^ Math.imul(c ^ k, 951274213);
    d = a ^ Math.imul(d ^ k, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  a ^= b ^ c ^ d;
  return [a >>> 0, (b ^ a) >>> 0, (c ^ a) >>> 0, (d ^ a) >>> 0];
}

/**
 * Standard normal numbers: sfc32 (Doty-Humphrey, PractRand) for uniform bits, Marsaglia's polar method for the shape.
 * Pure JavaScript numbers, so a seed gives the same weights on every engine and platform.
 */
export function normalGenerator([a, b, c, d]: readonly [number, number, number, number]): () => number {
  const uint32 = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) uint32();
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      // The half step keeps both coordinates off zero and the point symmetric around it.
      const u = (uint32() + 0.5) / 2147483648 - 1;
      const v = (uint32() + 0.5) / 2147483648 - 1;
      const s = u * u + v * v;
      if (s >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * factor;
      return u * factor;
    }
  };
}
