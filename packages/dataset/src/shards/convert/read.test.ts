import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { DatasetError } from "../../errors.js";
import { megatronDocuments, megatronIndex } from "./megatron-read.js";
import { documentsOfFile, nanogptFile } from "./read-binary.js";

const goldens = new URL("../../../test/goldens/shards/", import.meta.url).pathname;

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "llm-dataset-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("every flipped bit and every length of a Megatron index is refused in words or read within the file", async () => {
  const prefix = join(await folderOf(), "data");
  await cp(join(goldens, "megatron-u16.bin"), `${prefix}.bin`);
  const whole = await readFile(join(goldens, "megatron-u16.idx"));
  const total = (await readFile(`${prefix}.bin`)).length / 2;
  const outcome = async (bytes: Uint8Array): Promise<"refused" | "read"> => {
    await writeFile(`${prefix}.idx`, bytes);
    try {
      let tokens = 0;
      for await (const document of megatronDocuments(await megatronIndex(prefix))) tokens += document.tokens.length;
      // Lengths and pointers may be others within the file: the format has no checksum.
      expect(tokens).toBeLessThanOrEqual(2 * total);
      return "read";
    } catch (error) {
      expect(error).toBeInstanceOf(DatasetError);
      return "refused";
    }
  };
  expect(await outcome(whole)).toBe("read");
  const flipped = Buffer.from(whole);
  let refused = 0;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    if ((await outcome(flipped)) === "refused") refused++;
    flipped[bit >> 3]! ^= 1 << (bit & 7);
  }
  expect(refused).toBeGreaterThan(whole.length * 7);
  for (let length = 0; length < whole.length; length++) expect(await outcome(whole.subarray(0, length))).toBe("refused");
});

test("a stream of tokens is cut as a plain loop cuts it", async () => {
  const path = join(await folderOf(), "train.bin");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 60 }), fc.constantFrom("start" as const, "end" as const), async (ids, at) => {
      await writeFile(path, new Uint8Array(Uint16Array.from(ids).buffer));
      await writeFile(`${path}.mask`, Uint8Array.from(ids, (id) => id & 1));
      const expected: number[][] = [];
      const document: number[] = [];
      for (const id of ids) {
        if (at === "start" && id === 2 && document.length > 0) expected.push(document.splice(0));
        document.push(id);
        if (at === "end" && id === 2) expected.push(document.splice(0));
      }
      if (document.length > 0) expected.push(document);
      const found = [];
      for await (const { tokens, mask } of documentsOfFile(await nanogptFile(path), { id: 2, at }, `${path}.mask`)) {
        found.push([...tokens]);
        expect([...mask!]).toEqual([...tokens].map((id) => id & 1));
      }
      expect(found).toEqual(expected);
    }),
  );
});

test("documents that cross chunks are whole", async () => {
  const path = join(await folderOf(), "train.bin");
  // Chunks are of 4 Mi tokens.
  const ids = Uint16Array.from({ length: 9_000_000 }, (_, i) => (i % 3_500_000 === 0 ? 2 : 5 + (i % 1_000)));
  await writeFile(path, new Uint8Array(ids.buffer));
  const lengths = [];
  for await (const { tokens } of documentsOfFile(await nanogptFile(path), { id: 2, at: "start" })) {
    lengths.push(tokens.length);
    expect(tokens[0]).toBe(2);
    expect(tokens.indexOf(2, 1)).toBe(-1);
  }
  expect(lengths).toEqual([3_500_000, 3_500_000, 2_000_000]);
});
