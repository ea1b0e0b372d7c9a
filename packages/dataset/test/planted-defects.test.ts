import { join } from "node:path";
import { SeededRandom, dedupe, prepare, readDocuments, writeParquet } from "@llm/dataset";
import { expect, test } from "vitest";
import { PlantedTexts, plant } from "./planted.js";
import { all, temporaryFolder } from "./temporary.js";

const EACH = 120;

test("of every kind of planted defect 97 % are removed, and 98 % of the good documents stay", async () => {
  const folder = await temporaryFolder();
  const random = new SeededRandom(2_024);
  const { documents, repaired } = plant(new PlantedTexts(random), random, EACH);
  await writeParquet(join(folder, "in.parquet"), documents);
  await prepare(join(folder, "in.parquet"), { out: join(folder, "prepared"), filters: { set: "fineweb" }, workers: 1 });
  await dedupe(join(folder, "prepared/documents"), { out: join(folder, "deduped"), workers: 1 });
  const kept = await all(readDocuments(join(folder, "deduped/documents")));

  const left = (kind: string): string[] => kept.map(({ id }) => id).filter((id) => id.startsWith(`${kind}-`));
  const missed = Object.fromEntries(["symbols", "lines", "menus", "code", "language"].map((kind) => [kind, left(kind)]));
  for (const [kind, ids] of Object.entries(missed)) expect(ids.length / EACH, `${kind}: ${ids.map((id) => documents.find((document) => document.id === id)!.text.slice(0, 300)).join("\n---\n")}`).toBeLessThanOrEqual(0.03);

  // Mojibake is repaired, to the letter.
  const texts = new Map(kept.map(({ id, text }) => [id, text]));
  const whole = [...repaired].filter(([id, good]) => texts.get(id) === good).length;
  expect(whole / EACH).toBeGreaterThanOrEqual(0.97);

  // Of an original and its copy one is left. Which one does not matter; a good text is lost where neither is.
  const both = (kind: string, from: number): number => Array.from({ length: EACH }, (_, i) => texts.has(`${kind}-${i}`) && texts.has(`good-${from + i}`)).filter(Boolean).length;
  expect(both("exact", 0) / EACH).toBeLessThanOrEqual(0.03);
  expect(both("near", EACH) / EACH).toBeLessThanOrEqual(0.03);
  const lost = Array.from({ length: 5 * EACH }, (_, i) => i).filter((i) => !texts.has(`good-${i}`) && !(i < EACH && texts.has(`exact-${i}`)) && !(i >= EACH && i < 2 * EACH && texts.has(`near-${i - EACH}`)));
  expect(lost.length / (5 * EACH), lost.map((i) => documents.find(({ id }) => id === `good-${i}`)!.text).join("\n---\n")).toBeLessThanOrEqual(0.02);
});
