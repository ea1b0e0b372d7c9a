import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

/** Everything that a source file imports, with the files of this package followed. */
async function imports(file: URL, seen = new Map<string, string[]>()): Promise<Map<string, string[]>> {
  if (seen.has(file.href)) return seen;
  const names = [...(await readFile(file, "utf8")).matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, name]) => name!);
  seen.set(file.href, names);
  for (const name of names) {
    if (name.startsWith(".")) await imports(new URL(name.replace(/\.js$/, ".ts"), file), seen);
  }
  return seen;
}

test("the main entry needs tfjs-core and nothing of Node", async () => {
  const all = [...(await imports(new URL("../src/index.ts", import.meta.url))).values()].flat();
  expect(new Set(all.filter((name) => !name.startsWith(".")))).toEqual(new Set(["@tensorflow/tfjs-core"]));
  // The walk itself works: the Node entry does reach Node.
  expect([...(await imports(new URL("../src/node.ts", import.meta.url))).values()].flat()).toContain("node:fs/promises");
});
