/**
 * Decompresses one LZ4 block (lz4_Block_format.md), strictly: every offset and length must stay inside, the output must be
 * filled exactly.
 */
export function decompressLz4Block(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let at = 0;
  let out = 0;
  const extended = (base: number): number => {
    let total = base;
    if (base === 15) {
      for (let byte = 255; byte === 255; total += byte) {
        if (at >= input.length) throw new Error("an LZ4 block ends within a length");
        byte = input[at++]!;
      }
    }
    return total;
  };
  while (at < input.length) {
    const token = input[at++]!;
    const literals = extended(token >> 4);
    if (at + literals > input.length || out + literals > length) throw new Error("LZ4 literals reach beyond their block");
    output.set(input.subarray(at, at + literals), out);
    at += literals;
    out += literals;
    if (at === input.length) break; // the last sequence has no match
    if (at + 2 > input.length) throw new Error("an LZ4 block ends within an offset");
    const offset = input[at]! | (input[at + 1]! << 8);
    at += 2;
    const match = extended(token & 15) + 4;
    if (offset === 0 || offset > out || out + match > length) throw new Error("an LZ4 match reaches outside its block");
    if (offset >= match) output.copyWithin(out, out - offset, out - offset + match);
    else for (let i = 0; i < match; i++) output[out + i] = output[out + i - offset]!;
    out += match;
  }
  if (out !== length) throw new Error(`an LZ4 block holds ${out} bytes, its header says ${length}`);
  return output;
}
