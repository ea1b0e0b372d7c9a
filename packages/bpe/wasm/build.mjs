// @ts-check
// Makes the modules of src/ of the files beside this one: npm run wasm -w @llm/bpe
import { readFileSync, writeFileSync } from "node:fs";
import wabt from "wabt";

/** The modules, and the files that each is joined of. */
export const MODULES = {
  "load/module.ts": ["state", "json", "vocabulary", "merges"],
  "model/word-module.ts": ["words", "word-table", "word-merges"],
};

/**
 * The text of a module of src/.
 *
 * @param {keyof typeof MODULES} name
 */
export async function moduleSource(name) {
  const { parseWat } = await wabt();
  const features = { bulk_memory: true, simd: true };
  const files = MODULES[name];
  const parts = files.map((file) => readFileSync(new URL(`${file}.wat`, import.meta.url), "utf8"));
  const wat = parseWat(`${files.join("+")}.wat`, `(module\n${parts.join("\n")})`, features);
  wat.validate(features);
  const base64 = Buffer.from(wat.toBinary({}).buffer).toString("base64");
  wat.destroy();
  return `// Made of wasm/*.wat by wasm/build.mjs (npm run wasm); a test compares them.\n\n/** The WebAssembly module in base64. */\nexport const MODULE =\n  "${base64.replace(/.{140}(?=.)/g, '$&" +\n  "')}";\n`;
}

if (import.meta.filename === process.argv[1]) {
  for (const name of /** @type {(keyof typeof MODULES)[]} */ (Object.keys(MODULES))) writeFileSync(new URL(`../src/${name}`, import.meta.url), await moduleSource(name));
}
