import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const home = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const core = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-core/package.json"));

/** Where the bundles lie: inside this package, so that its dependencies resolve from there. */
const folder = join(home, "reports", "suite");

/**
 * Bundles tfjs-core's specs, which its npm package ships as ES modules that Node can't load (no extensions), and this package's source.
 * The specs come with their own copy of tfjs-core: both copies share one engine, one kernel registry and one Tensor class, by design.
 * @returns {Promise<{ engine: string, specs: string }>} the two files
 */
export async function bundle() {
  mkdirSync(folder, { recursive: true });
  const engine = join(folder, "engine.mjs");
  const specs = join(folder, "specs.cjs");
  const common = { bundle: true, platform: /** @type {const} */ ("node"), target: "node20", logLevel: /** @type {const} */ ("error") };
  await Promise.all([
    build({ ...common, entryPoints: [join(home, "src", "index.ts")], outfile: engine, format: "esm", packages: "external" }),
    build({
      ...common,
      stdin: {
        resolveDir: core,
        contents: `
          require("./dist/public/chained_ops/register_all_chained_ops");
          require("./dist/register_all_gradients");
          exports.util = require("./dist/jasmine_util");
          exports.load = () => require("./dist/tests");`,
      },
      outfile: specs,
      format: "cjs",
      // tfjs-core calls its modules free of side effects, and a spec is nothing but one.
      ignoreAnnotations: true,
      // The specs about fetch in Node load it by name.
      external: ["node-fetch"],
    }),
  ]);
  return { engine, specs };
}
