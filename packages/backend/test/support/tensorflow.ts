import { locateLibraries } from "../../src/locate.js";

/** The folder of the libtensorflow that the tests use: the one that openEngine would take. Without one the tests fail: they prove nothing. */
export async function testLibrary(): Promise<string> {
  const places = await locateLibraries();
  const found = places.find((place) => place.available);
  if (found?.folder) return found.folder;
  const reasons = places.map(({ origin, reason }) => `${origin}: ${reason}`).join("; ");
  throw new Error(`These tests need libtensorflow: run \`npx llm-backend install\`, or set LLM_LIBTENSORFLOW (${reasons}).`);
}

/** Seeded numbers in [-1, 1) (mulberry32), so that every engine gets the same. */
export function uniform(seed: number, count: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}
