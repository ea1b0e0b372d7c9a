// @ts-check
import { defineConfig } from "tsup";

/**
 * The one tsup configuration of the packages: ESM for Node 20, declarations left to `tsc -b`.
 * @param {Record<string, string>} entry output name to source file, e.g. `{ index: "src/index.ts" }`
 * @param {import("tsup").Options} [more]
 */
export const lib = (entry, more = {}) =>
  defineConfig({
    entry,
    format: ["esm"],
    target: "node20",
    splitting: true,
    sourcemap: true,
    clean: true,
    dts: false,
    // The command-line kit is private to this repository, so each package carries its own copy of the code.
    noExternal: ["@llm/cli-kit"],
    ...more,
  });
