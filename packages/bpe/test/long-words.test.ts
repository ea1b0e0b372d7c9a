import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { trainBpe, type Tokenizer } from "@llm/bpe";
import { Random, prose } from "./texts.js";

const golden = JSON.parse(readFileSync(new URL("goldens/long-words.json", import.meta.url), "utf8")) as { drawn: [string, number][]; repeated: [string, number][]; digests: string[] };

/** As in tools/goldens/bpe_long_words.py. */
function drawn(seed: number, letters: string, count: number): string {
  const r = new Random(seed);
  const characters = Array.from(letters);
  return Array.from({ length: count }, () => characters[r.below(characters.length)]!).join("");
}

const texts = [...golden.drawn.map(([letters, count], index) => drawn(100 + index, letters, count)), ...golden.repeated.map(([unit, times]) => unit.repeat(times))];
const names = [...golden.drawn.map(([letters, count]) => `${count} of ${JSON.stringify(letters.slice(0, 8))}`), ...golden.repeated.map(([unit, times]) => `${JSON.stringify(unit)} ${times} times`)];

describe("a text of one or few words, a megabyte long", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    const words = drawn(91, "kari0=", 5000).repeat(3);
    tokenizer = await trainBpe([...prose(90, 3000), "a".repeat(5000), "0".repeat(700), "=".repeat(300), " ".repeat(3000), "世界".repeat(99), words], { vocabSize: 3000, minFrequency: 1, specialTokens: [] });
  }, 60_000);

  it.each(names.map((name, index) => [name, index] as const))("has the tokens of Hugging Face tokenizers: %s", (_, index) => {
    const { ids } = tokenizer.encode(texts[index]!);
    expect(createHash("sha256").update(ids.join(" ")).digest("hex").slice(0, 16)).toBe(golden.digests[index]);
  });

  it("takes time in proportion to its length", () => {
    const time = (length: number): number => {
      const text = texts[0]!.slice(0, length);
      const times = Array.from({ length: 3 }, () => {
        const { user } = process.cpuUsage();
        tokenizer.encode(text);
        return process.cpuUsage().user - user;
      });
      return Math.min(...times);
    };
    const [short, long] = [time(100_000), time(1_000_000)];
    expect(long / short).toBeLessThan(40);
  });
});
