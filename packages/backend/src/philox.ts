// Philox 4x32 (Salmon et al. 2011): multipliers, and what the key grows by at each round.
const [M0, M1, W0, W1, ROUNDS] = [0xd2511f53, 0xcd9e8d57, 0x9e3779b9, 0xbb67ae85, 10];

/** The upper half of a product of two unsigned 32-bit numbers. */
function high(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  return (a1 * b1 + Math.floor(middle / 65536) + ((a0 * b1 + (middle % 65536)) / 65536 | 0)) >>> 0;
}

/** The first `count` 32-bit numbers of Philox 4x32-10 with a key of two 32-bit numbers and a counter that starts at 0, in int32. */
export function philox(count: number, key0: number, key1: number): Int32Array {
  const out = new Int32Array(Math.ceil(count / 4) * 4);
  for (let block = 0; block * 4 < count; block++) {
    let [a, b, c, d] = [block >>> 0, Math.floor(block / 2 ** 32), 0, 0];
    let [k0, k1] = [key0 >>> 0, key1 >>> 0];
    for (let round = 0; round < ROUNDS; round++) {
      [a, b, c, d] = [(high(M1, c) ^ b ^ k0) >>> 0, Math.imul(M1, c) >>> 0, (high(M0, a) ^ d ^ k1) >>> 0, Math.imul(M0, a) >>> 0];
      [k0, k1] = [(k0 + W0) >>> 0, (k1 + W1) >>> 0];
    }
    out.set([a, b, c, d], block * 4);
  }
  return out.subarray(0, count);
}
