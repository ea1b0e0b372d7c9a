/** IEEE 754 half precision (1 sign, 5 exponent, 10 fraction bits) as float32; every value is exact. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) words[i] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) words[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else if (fraction === 0) words[i] = sign;
    else {
      // A subnormal half is a normal float32: shift until the leading bit is implicit.
      const shift = Math.clz32(fraction) - 21;
      words[i] = sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
    }
  }
  return new Float32Array(words.buffer);
}

/** bfloat16, the upper half of a float32, as float32. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}
