// @ts-check
// Makes src/load/module.ts of wasm/load.wat: npm run wasm -w @llm/bpe
import { readFileSync, writeFileSync } from "node:fs";
import wabt from "wabt";

/** The text of src/load/module.ts. */
export async function moduleSource() {
  const { parseWat } = await wabt();
  const features = { bulk_memory: true };
  const wat = parseWat("load.wat", readFileSync(new URL("load.wat", import.meta.url), "utf8"), features);
  wat.validate(features);
  const base64 = Buffer.from(wat.toBinary({}).buffer).toString("base64");
  wat.destroy();
  return `// Made of wasm/load.wat by wasm/build.mjs (npm run wasm); a test compares them.\n\n/** The WebAssembly module in base64. */\nexport const MODULE =\n  "${base64.replace(/.{140}(?=.)/g, '$&" +\n  "')}";\n`;
}

if (import.meta.filename === process.argv[1]) writeFileSync(new URL("../src/load/module.ts", import.meta.url), await moduleSource());
