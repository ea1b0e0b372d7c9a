import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Document } from "../document.js";
import { openFile } from "../sources/access.js";
import { readJsonl } from "../sources/jsonl.js";
import { readText } from "../sources/text.js";
import type { Damage, FileReadOptions } from "../sources/types.js";
import { cutLines } from "./line-places.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "llm-lines-"))));
afterAll(() => rm(folder, { recursive: true }));

/** Documents, then what is damaged: the beginning of a text file is held back until it is known to be a large one. */
const inOrder = (found: (Document | Damage)[]): (Document | Damage)[] => [...found.filter((row) => "text" in row), ...found.filter((row) => !("text" in row))];

/** What one reader finds, and what readers of each run find together; the runs must meet and count alike. */
async function compare(bytes: Uint8Array, kind: "jsonl" | "text", size: number): Promise<{ one: unknown; cut: unknown; runs: number }> {
  const path = join(folder, "file");
  await writeFile(path, bytes);
  const access = await openFile(path);
  try {
    const read = async (options: FileReadOptions): Promise<(Document | Damage)[]> => {
      const found: (Document | Damage)[] = [];
      for await (const document of (kind === "jsonl" ? readJsonl : readText)(access, "file", { address: "there/file", onDamage: (damage) => found.push(damage), ...options })) found.push(document);
      return found;
    };
    const runs = await cutLines(access, kind, { bytes: size });
    expect(runs[0]).toMatchObject({ start: 0, line: 0, row: 0 });
    expect(runs.at(-1)!.end).toBe(access.size);
    const cut: (Document | Damage)[] = [];
    for (const [index, { rows, ...lines }] of runs.entries()) {
      const next = runs[index + 1];
      if (next) expect([lines.end, lines.row + rows]).toEqual([next.start, next.row]);
      const found = await read({ lines, skip: lines.row });
      if (kind === "jsonl") expect(found).toHaveLength(rows);
      // From a row in the middle of a run on, as after an interruption.
      if (rows > 1) expect((await read({ lines, skip: lines.row + 1 })).filter((row) => "text" in row)).toEqual(found.filter((row) => "text" in row && row.source_row! > lines.row));
      cut.push(...found);
    }
    return { one: inOrder(await read({})), cut: inOrder(cut), runs: runs.length };
  } finally {
    await access.close();
  }
}

const word = fc.constantFrom("a", "the end.", "für", "語", "👋🏽", "\u00a0", "\ufeff");
const line = fc.oneof(
  { weight: 6, arbitrary: fc.array(word, { maxLength: 12 }).map((words) => Buffer.from(JSON.stringify({ text: words.join(" ") }))) },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\t ", "\u00a0", "\u2003\ufeff", ' {"text":"begins with a space"}', "[]", "{", "no JSON", '{"text":7}').map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 0xff : byte)))) },
);
const file = fc
  .record({ lines: fc.array(fc.tuple(line, fc.constantFrom("\n", "\n", "\r\n")), { maxLength: 40 }), mark: fc.boolean(), terminated: fc.boolean() })
  .map(({ lines, mark, terminated }) => {
    const bytes = Buffer.concat([Buffer.from(mark ? "\ufeff" : ""), ...lines.flatMap(([text, end]) => [text, Buffer.from(end)])]);
    return terminated ? bytes : bytes.subarray(0, -1);
  });

describe("runs of lines", () => {
  test("of JSONL give the rows, damages and numbers of one reader, wherever they are cut", async () => {
    let most = 0;
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 300 }), async (bytes, size) => {
        const { one, cut, runs } = await compare(bytes, "jsonl", size);
        expect(cut).toEqual(one);
        most = Math.max(most, runs);
      }),
      { numRuns: 120, seed: 7 },
    );
    expect(most).toBeGreaterThan(5);
  });

  test("of text give the documents of one reader, wherever they are cut", async () => {
    const paragraph = fc.tuple(fc.constantFrom("A line of prose, für 語 👋🏽.", "Short.", "", "x\fy", "\f", "\u00a0"), fc.integer({ min: 1, max: 300 }), fc.constantFrom("\n", "\r\n", " ", "\n\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(paragraph, { minLength: 10, maxLength: 30 }), fc.integer({ min: 3_000, max: 50_000 }), fc.boolean(), async (parts, size, broken) => {
        const text = Buffer.from(parts.map(([what, times, end]) => (what + end).repeat(times)).join("\n"));
        if (broken && text.length > 2) text[text.length >> 1] = 0xff;
        const { one, cut } = await compare(text, "text", size);
        expect(cut).toEqual(one);
      }),
      { numRuns: 15, seed: 7 },
    );
    const prose = Buffer.from("Many words that make up a line.\n".repeat(10_000));
    expect((await compare(prose, "text", 50_000)).runs).toBe(Math.ceil(prose.length / 50_000));
  });

  test("hold lines that are longer than a line may be, and those that are nearly, as one reader does", async () => {
    const row = (text: string): string => `${JSON.stringify({ text })}\n`;
    // Lengths are looked at in steps of 1 MiB from the beginning of the file, so where a line begins counts.
    const bytes = Buffer.from(`${row("a").repeat(7)}${" ".repeat(34 << 20)}\n${row("b")}${row("c".repeat((32 << 20) + 100))}${row("d").repeat(9)}`);
    const { one, cut } = await compare(bytes, "jsonl", 10 << 20);
    expect(cut).toEqual(one);
    expect(one).toContainEqual(expect.objectContaining({ text: "d", source_row: 18 }));
  });
});
