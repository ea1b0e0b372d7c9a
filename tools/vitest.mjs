// @ts-check
import { defineConfig } from "vitest/config";
import { defaultServerConditions } from "vite";

/**
 * The one vitest configuration: packages resolve to their TypeScript source, so tests need no build
 * (except for code in worker threads and spawned bins, which use `dist`).
 * @param {import("vitest/config").ViteUserConfig["test"]} [test]
 */
export const project = (test = {}) =>
  defineConfig({
    ssr: { resolve: { conditions: ["@llm/source", ...defaultServerConditions] } },
    test: {
      include: ["src/**/*.test.ts", "test/**/*.test.ts"],
      testTimeout: 60_000,
      hookTimeout: 120_000,
      // Tests compile what they test, also where an earlier run left the same function compiled.
      env: { LLM_XLA_CACHE: "0" },
      reporters: ["default", ["json", { outputFile: "reports/vitest.json" }]],
      ...test,
    },
  });
