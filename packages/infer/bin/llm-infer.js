#!/usr/bin/env node
try {
  const { main } = await import("../dist/cli.js");
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error?.code !== "ERR_MODULE_NOT_FOUND" || !String(error.message).includes("dist/cli.js")) throw error;
  process.stderr.write("llm-infer: not built yet; run `npm run build` in the repository first.\n");
  process.exitCode = 1;
}
