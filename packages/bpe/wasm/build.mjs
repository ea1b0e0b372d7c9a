// @ts-check
// Makes src/load/module.ts of the files beside this one: npm run wasm -w @llm/bpe
import { readFileSync, writeFileSync } from "node:fs";
import wabt from "wabt";

const PARTS = ["state", "json", "vocabulary", "merges"];

/** The text of src/load/module.ts. */
export async function moduleSource() {
  const { parseWat } = await wabt();
  const features = { bulk_memory: true };
  const parts = PARTS.map((name) => readFileSync(new URL(`${name}.wat`, import.meta.url), "utf8"));
  const wat = parseWat(`${PARTS.join("+")}.wat`, `(module\n${parts.join("\n")})`, features);
  wat.validate(features);
  const base64 = Buffer.from(wat.toBinary({}).buffer).toString("base64");
  wat.destroy();
  return `// Made of wasm/*.wat by wasm/build.mjs (npm run wasm); a test compares them.\n\n/** The WebAssembly module in base64. */\nexport const MODULE =\n  "${base64.replace(/.{140}(?=.)/g, '$&" +\n  "')}";\n`;
}

if (import.meta.filename === process.argv[1]) writeFileSync(new URL("../src/load/module.ts", import.meta.url), await moduleSource());
