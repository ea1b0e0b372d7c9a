/** High 32 bits of the product of two unsigned 32-bit numbers, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/**
 * Philox4x32-10, a counter-based generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): the same key and
 * counter always give the same four numbers, so no state is carried from one token to the next.
 *
 * @param counter - Four unsigned 32-bit numbers.
 * @param key - Two unsigned 32-bit numbers.
 * @returns Four unsigned 32-bit numbers.
 */
export function philox(counter: readonly [number, number, number, number], key: readonly [number, number]): [number, number, number, number] {
  let [a, b, c, d] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, a);
    const high1 = multiplyHigh(0xcd9e8d57, c);
    const next: [number, number, number, number] = [(high1 ^ b ^ k0) >>> 0, Math.imul(0xcd9e8d57, c) >>> 0, (high0 ^ d ^ k1) >>> 0, Math.imul(0xd2511f53, a) >>> 0];
    [a, b, c, d] = next;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/**
 * A uniform number in [0, 1) with 53 random bits that depends on nothing but its arguments.
 *
 * @param seed - An integer from 0 to 2^53 - 1.
 * @param step - Which token of the text this is, from 0.
 */
export function uniform(seed: number, step: number): number {
  const [high, low] = philox([step >>> 0, 0, 0, 0], [seed >>> 0, Math.floor(seed / 0x100000000) >>> 0]);
  return ((high >>> 5) * 0x4000000 + (low >>> 6)) / 0x20000000000000;
}

/** A seed for when none was asked for; results name it, so that they can be had again. */
export const randomSeed = (): number => Math.floor(Math.random() * 0x100000000);
