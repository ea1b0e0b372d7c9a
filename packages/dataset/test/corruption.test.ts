import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Damage, DatasetError, type Document, SeededRandom, describeDamage, readDocuments, writeParquet } from "@llm/dataset";
import { describe, expect, test } from "vitest";
import { python3, pythonWith } from "./python.js";
import { all, bare, temporaryFolder } from "./temporary.js";

const goldens = join(import.meta.dirname, "goldens");
const rows = JSON.parse(readFileSync(join(goldens, "rows.json"), "utf8")) as Record<string, unknown>[];
const expected = rows.map((row) => ({ ...Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)), text: row.text ?? "" }) as Document);
const codecs = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"].flatMap((codec) => [`${codec}-v1`, `${codec}-v2`]);
const python = await python3();
const withArrow = python && (await pythonWith(python, "pyarrow"));

/** Reads what can be read of bytes under a name, and what is lost. */
async function salvage(bytes: Uint8Array, name = "damaged.parquet", options: { maxLost?: number; beside?: Record<string, Uint8Array> } = {}): Promise<{ documents: Document[]; damages: Damage[] }> {
  const folder = await temporaryFolder();
  for (const [file, content] of Object.entries({ [name]: bytes, ...options.beside })) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  const damages: Damage[] = [];
  const documents = await bare(readDocuments(folder, { maxLost: options.maxLost ?? 1, onDamage: (damage) => damages.push(damage) }));
  return { documents, damages };
}

describe("parquet files with page checksums", () => {
  test.each([...codecs, "small-pages", "delta"])("%s reads as pyarrow wrote it", async (name) => {
    expect(await bare(readDocuments(join(goldens, `codecs/${name}.parquet`)))).toEqual(expected);
  });

  test("lists of structures in v2 pages", async () => {
    const chats = JSON.parse(readFileSync(join(goldens, "chats.json"), "utf8")) as unknown[];
    expect((await all(readDocuments(join(goldens, "codecs/chats-v2.parquet")))).map(({ messages }) => messages)).toEqual(chats);
  });

  test("a flipped bit anywhere gives the same documents, or is named: never others", { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "flipped.parquet");
    const random = new SeededRandom(3);
    let named = 0;
    for (const name of [...codecs, "small-pages", "chats-v2"]) {
      const whole = readFileSync(join(goldens, `codecs/${name}.parquet`));
      const intact = JSON.stringify((await bare(readDocuments(join(goldens, `codecs/${name}.parquet`)))).map(({ id: _, ...document }) => document));
      for (let k = 0; k < 40; k++) {
        const bytes = Buffer.from(whole);
        const at = random.below(bytes.length);
        bytes[at]! ^= 1 << random.below(8);
        await writeFile(path, bytes);
        const damages: Damage[] = [];
        const documents = await bare(readDocuments(path, { maxLost: 1, onDamage: (damage) => damages.push(damage) })).catch((error: unknown) => {
          expect(error, `${name}, byte ${at}`).toBeInstanceOf(DatasetError);
          return undefined;
        });
        if (documents && damages.length === 0) expect(JSON.stringify(documents.map(({ id: _, ...document }) => document)) === intact, `${name}, byte ${at}`).toBe(true);
        else named++;
      }
    }
    expect(named).toBeGreaterThan(150);
  });

  test("a flipped bit costs its row group alone, and is named with column, page and byte", async () => {
    const whole = readFileSync(join(goldens, "codecs/snappy-v1.parquet"));
    const bytes = Buffer.from(whole);
    bytes[1_800]! ^= 4;
    const { documents, damages } = await salvage(bytes);
    expect(damages).toHaveLength(1);
    const [{ place, reason, documents: lost }] = damages as [Damage];
    expect(place).toMatch(/^row group \d, rows \d+ to \d+$/);
    expect(reason).toMatch(/column "\w+", .*byte \d+.*(CRC-32|header)/);
    expect(lost).toBe(10);
    const from = Number(/rows (\d+)/.exec(place)![1]);
    expect(documents).toEqual([...expected.slice(0, from), ...expected.slice(from + 10)]);
    // Without leave to lose anything, it is an error.
    await expect(salvage(bytes, "a.parquet", { maxLost: 0.01 })).rejects.toThrow(/More of the sources is damaged than may be lost: .*allowed are 1\.00%.*a\.parquet, row group/s);
  });
});

describe("parquet files without checksums", () => {
  test("lengths, indexes and levels that don't fit are noticed; only text within its bounds can change", { timeout: 60_000 }, async () => {
    const whole = readFileSync(join(goldens, "plain.parquet"));
    const path = join(await temporaryFolder(), "flipped.parquet");
    const random = new SeededRandom(8);
    for (let k = 0; k < 250; k++) {
      const bytes = Buffer.from(whole);
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      await writeFile(path, bytes);
      const damages: Damage[] = [];
      const documents = await bare(readDocuments(path, { maxLost: 1, onDamage: (damage) => damages.push(damage) })).catch(() => undefined);
      if (!documents || damages.length > 0) continue;
      expect(documents).toHaveLength(expected.length);
      // One value at most differs, and a text by one byte at most.
      const differing = documents.flatMap((document, index) => Object.keys(expected[index]!).filter((key) => document[key as "text"] !== expected[index]![key as "text"]).map((key) => [document[key as "text"], expected[index]![key as "text"]] as const));
      expect(differing.length).toBeLessThanOrEqual(1);
      for (const [found, wanted] of differing) if (typeof wanted === "string") expect(Buffer.byteLength(String(found))).toBe(Buffer.byteLength(wanted));
    }
  });

  test("text that is not UTF-8 is a bad document, and its neighbours stay", async () => {
    const bytes = readFileSync(join(goldens, "plain.parquet"));
    bytes[bytes.indexOf("Row 12:")] = 0xff;
    const { documents, damages } = await salvage(bytes);
    expect(damages.map(describeDamage)).toEqual([expect.stringMatching(/^damaged\.parquet, row 12: the column "text" is not UTF-8 text/)]);
    expect(damages[0]!.content).toContain("ow 12:");
    expect(documents).toEqual(expected.filter((_, index) => index !== 12));
    await expect(salvage(bytes, "a.parquet", { maxLost: 0 })).rejects.toThrow(/row 12/);
  });
});

describe("parquet files that are cut off", () => {
  const documents = Array.from({ length: 500 }, (_, i): Document => ({ text: `Document ${i}. ${"Some words. ".repeat(i % 40)}`, id: `id-${i}`, dump: "d", url: `http://example.com/${i}`, language: "en", language_score: 0.5 + i / 2_000, token_count: i }));

  test("the whole row groups in front of the cut are kept, whoever wrote them", { timeout: 60_000 }, async () => {
    for (const name of codecs) {
      const whole = readFileSync(join(goldens, `codecs/${name}.parquet`));
      let kept = 0;
      for (const share of [0.999, 0.8, 0.6, 0.4, 0.2, 0.1]) {
        const { documents: found, damages } = await salvage(whole.subarray(0, Math.floor(whole.length * share)));
        expect(found.length % 10).toBe(0);
        expect(found, `${name} cut to ${share}`).toEqual(expected.slice(0, found.length));
        expect(damages).toHaveLength(1);
        kept += found.length;
      }
      expect(kept, name).toBeGreaterThan(60);
    }
  });

  test("our own files too, and the end is named", async () => {
    const folder = await temporaryFolder();
    await writeParquet(join(folder, "a.parquet"), documents, { rowGroupSize: 50 });
    const whole = readFileSync(join(folder, "a.parquet"));
    const { documents: found, damages } = await salvage(whole.subarray(0, Math.floor(whole.length / 2)));
    expect(found.length).toBeGreaterThan(100);
    expect(found).toEqual(documents.slice(0, found.length));
    expect(damages.map(describeDamage)).toEqual([expect.stringMatching(new RegExp(`^damaged\\.parquet, bytes \\d+ to ${Math.floor(whole.length / 2)} \\(the end\\), behind row group ${found.length / 50 - 1} with rows up to ${found.length - 1}: .*does not end with PAR1, so the end is missing.*found without the footer`))]);
    // A limit on what may be lost counts the end that is there.
    await expect(salvage(whole.subarray(0, Math.floor(whole.length / 2)), "a.parquet", { maxLost: 0.0001 })).rejects.toThrow(/than may be lost/);
  });

  test.skipIf(!withArrow)("with the column metadata that older writers leave, and with a layout of a neighbour", async () => {
    const folder = await temporaryFolder();
    const script = `
import pyarrow as pa, pyarrow.parquet as pq
t = pa.table({"text": [f"Document {i} of a layout of its own" for i in range(300)], "source": ["s"] * 300, "n": list(range(300))})
for name in ("a", "b"):
    pq.write_table(t, f"{name}.parquet", row_group_size=100)
`;
    execFileSync(withArrow!, ["-c", script], { cwd: folder });
    const [a, b] = ["a", "b"].map((name) => readFileSync(join(folder, `${name}.parquet`)));
    const cut = a!.subarray(0, Math.floor(a!.length * 0.7));
    expect((await salvage(cut)).documents).toEqual([]);
    const { documents: found, damages } = await salvage(cut, "a.parquet", { beside: { "b.parquet": b! } });
    expect(found.filter(({ id }) => id.startsWith("a.parquet")).map(({ text }) => text)).toEqual(Array.from({ length: (found.length - 300) }, (_, i) => `Document ${i} of a layout of its own`));
    expect(found.length).toBeGreaterThan(399);
    expect(damages).toHaveLength(1);
  });
});

describe("lines", () => {
  const lines = Array.from({ length: 400 }, (_, i) => `${JSON.stringify({ text: `Line ${i}: ${"some words ".repeat(i % 9)}`, id: String(i) })}\n`);
  const ids = ({ documents }: { documents: Document[] }): string[] => documents.map(({ id }) => id);

  test("bad lines are named with their content, and the others stay", async () => {
    const bad = [...lines];
    bad[3] = '{"text": "cut of\n';
    bad[7] = "[1]\n";
    bad[9] = '{"other": 1}\n';
    const bytes = Buffer.concat([Buffer.from(bad.join("")), Buffer.from([0x7b, 0xff, 0x7d, 0x0a])]);
    const result = await salvage(bytes, "a.jsonl");
    expect(result.damages.map(({ place, reason, documents, content }) => [place, reason.slice(0, 14), documents, content])).toEqual([
      ["line 4", "not valid JSON", 1, '{"text": "cut of'],
      ["line 8", "expected a JSO", 1, "[1]"],
      ["line 10", 'no "text" colu', 1, '{"other": 1}'],
      ["line 401", "the bytes are ", 1, "{\u00ff}"],
    ]);
    expect(ids(result)).toEqual(lines.map((_, i) => String(i)).filter((id) => !["3", "7", "9"].includes(id)));
    expect(result.damages.reduce((sum, damage) => sum + damage.bytes, 0)).toBe(17 + 4 + 13 + 4);
  });

  test("a line that is too long is passed over", async () => {
    const result = await salvage(Buffer.concat([Buffer.from(lines[0]!), Buffer.alloc(70 << 20, "x"), Buffer.from(`\n${lines[1]!}`)]), "a.jsonl");
    expect(ids(result)).toEqual(["0", "1"]);
    expect(result.damages.map(({ place }) => place)).toEqual(["line 2"]);
  });

  test("gzip of one and of several members, cut off or with a flipped bit: what came before stays, the rest is named", { timeout: 60_000 }, async () => {
    const members = [lines.slice(0, 200), lines.slice(200)].map((part) => gzipSync(part.join("")));
    const whole = Buffer.concat(members);
    const intact = (await salvage(whole, "a.jsonl.gz")).documents.map(({ text }) => text);
    expect(intact).toHaveLength(400);
    for (const [cut, at] of [[true, 0.3], [true, 0.97], [false, 0.2], [false, 0.6], [false, 0.99]] as const) {
      const place = Math.floor(whole.length * at);
      const bytes = cut ? whole.subarray(0, place) : Buffer.from(whole);
      if (!cut) bytes[place]! ^= 1;
      const { documents, damages } = await salvage(bytes, "a.jsonl.gz");
      expect(damages.length, `${at}`).toBeGreaterThan(0);
      expect(damages.at(-1)!.place).toMatch(/^from line \d+ to the end$/);
      expect(damages.at(-1)!.reason).toMatch(/gzip data are damaged or cut off/);
      // What is kept is as it was: of a flipped bit, nobody knows what it changed before the checksum says so.
      expect(documents.length).toBeLessThan(400);
      expect(documents.map(({ text }) => text)).toEqual(intact.slice(0, documents.length));
      if (cut) expect(documents.length).toBeGreaterThan(50);
      await expect(all(readDocuments(await file(bytes, "b.jsonl.gz")))).rejects.toThrow(/b\.jsonl\.gz, /);
    }
    // The mark of the second member: zlib itself would end quietly there.
    const unmarked = Buffer.from(whole);
    unmarked[members[0]!.length]! ^= 1;
    expect((await salvage(unmarked, "a.jsonl.gz")).damages.at(-1)!.reason).toMatch(/is not gzip data|incorrect header/);
  });

  test("zstd of several frames with checksums, any bit flipped: named", { timeout: 60_000 }, async () => {
    const whole = readFileSync(join(goldens, "codecs/lines.jsonl.zst"));
    const intact = await salvage(whole, "a.jsonl.zst");
    expect(intact.damages).toEqual([]);
    expect(ids(intact)).toEqual(Array.from({ length: 120 }, (_, i) => String(i)));
    const random = new SeededRandom(6);
    for (let k = 0; k < 120; k++) {
      const bytes = Buffer.from(whole);
      const at = random.below(bytes.length);
      bytes[at]! ^= 1 << random.below(8);
      const { documents, damages } = await salvage(bytes, "a.jsonl.zst");
      expect(documents, `byte ${at}`).toEqual(intact.documents.slice(0, documents.length));
      if (damages.length === 0) expect(documents).toHaveLength(120);
      else expect(damages[0]!.reason).toMatch(/zstd data are damaged or cut off/);
    }
    for (let length = 1; length < whole.length; length += 37) expect((await salvage(whole.subarray(0, length), "a.jsonl.zst")).damages, `cut to ${length}`).toHaveLength(1);
  });

  async function file(bytes: Uint8Array, name: string): Promise<string> {
    const path = join(await temporaryFolder(), name);
    await writeFile(path, bytes);
    return path;
  }
});
