// @ts-check
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom, writeParquet } from "@llm/dataset";

const WORDS = "the of and to a in that is was he for it with as his on be at by had not are but from or have an they which one you were all her she there would their we him been has when who will more no if out so said what up its about into than them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years where much your way down should because long each just state those people too how good world still see own work".split(" ");

/**
 * Parquet files of made-up prose, of which every 6th row repeats another one, in other files too, and every 9th is too short.
 * @param {string} folder @param {{ files: number, rows: number }} size
 */
export async function writeInputs(folder, { files, rows }) {
  const prose = (/** @type {SeededRandom} */ random) => Array.from({ length: 12 + random.below(30) }, () => `${Array.from({ length: 8 + random.below(12) }, () => WORDS[random.below(WORDS.length)]).join(" ")}.`).join(" ");
  for (let file = 0; file < files; file++) {
    const random = new SeededRandom(file);
    const documents = Array.from({ length: rows }, (_, i) => ({
      id: `${file}-${i}`,
      url: `https://host-${i % 7}.example.org/${i}`,
      language: "en",
      text: i % 9 === 4 ? "short" : i % 6 === 1 ? prose(new SeededRandom(1_000 + random.below(60))) : prose(random),
    }));
    await writeParquet(join(folder, `part-${file}.parquet`), documents, { rowGroupSize: 100 });
  }
}

/** Every file below a folder with the digest of its bytes. @param {string} folder */
export const digests = (folder) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [name, createHash("sha256").update(readFileSync(join(folder, name))).digest("hex")]),
  );
