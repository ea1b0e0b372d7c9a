import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findLibraryFiles } from "../../src/tensorflow/index.js";

/** The folder of libtensorflow that the tests use: LLM_LIBTENSORFLOW, or the newest version that `llm-backend install` put in the cache. */
export function testLibrary(): string {
  const given = process.env["LLM_LIBTENSORFLOW"];
  if (given) return given;
  const cache = join(process.env["LLM_CACHE"] ?? join(homedir(), ".cache", "llm"), "libtensorflow");
  let versions: string[] = [];
  try {
    versions = readdirSync(cache).filter((name) => !name.startsWith(".")).sort((a, b) => b.localeCompare(a, undefined, { numeric: true }));
  } catch {
    // No cache: reported below.
  }
  for (const version of versions) {
    try {
      findLibraryFiles(join(cache, version));
      return join(cache, version);
    } catch {
      // Not a complete one: the next.
    }
  }
  throw new Error(`These tests need libtensorflow: run \`npx llm-backend install\`, or set LLM_LIBTENSORFLOW (looked in ${cache}).`);
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
