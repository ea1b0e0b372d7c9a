import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { simplifyText } from "../../dedupe/simplify.js";
import { ChunkTable } from "../words/chunk-table.js";
import { MOST_CUTS, cutSimple } from "../words/simple-chunk.js";
import { splitChunk } from "../words/spacy.js";
import { WordTable, countSentences } from "../words/words.js";
import { isBoilerplate } from "./boilerplate.js";
import { c4Quality } from "./c4.js";
import { EvaluationNgrams } from "./decontaminate.js";
import { finewebQuality } from "./fineweb.js";
import { gopherQuality, gopherRepetition } from "./gopher.js";
import { identifyLanguage, loadDetector } from "./language.js";
import { repairMojibake } from "./mojibake.js";
import { isPublicIp, replacePii } from "./pii.js";
import { RepeatCounter } from "./repeats.js";
import { Trial } from "./trial.js";
import { urlFilter } from "./url.js";

interface Golden {
  words: { text: string; words: string[]; sentences: number }[];
  verdicts: { text: string; verdict: { filter: string; rule: string } | { text: string } }[];
  simple: { text: string; simple: string }[];
  private: { text: string; replaced: string }[];
  mojibake: { bad: string; good: string }[];
}
const golden = JSON.parse(readFileSync(new URL("../../../test/goldens/datatrove.json", import.meta.url), "utf8")) as Golden;
const table = new WordTable();
const wordsOf = (text: string): string[] => [...table.ids.subarray(0, table.split(text))].map((id) => table.word(id));
const trialOf = (text: string, url?: string): Trial => new Trial({ text, id: "", ...(url === undefined ? {} : { url }) }, table);

describe("words", () => {
  test("are spaCy's", () => {
    for (const { text, words, sentences } of golden.words) {
      expect(wordsOf(text), JSON.stringify(text)).toEqual(words);
      expect(countSentences(table, text, 0, table.chunkCount, text.length), JSON.stringify(text)).toBe(sentences);
    }
  });

  test("joined are the chunk again, and are the same when they come from the table", () => {
    fc.assert(
      // eslint-disable-next-line no-control-regex
      fc.property(fc.stringMatching(/^[^\s\x1c-\x1f\x85]{1,12}$/), (chunk) => {
        const words = splitChunk(chunk);
        expect(words.join("")).toBe(chunk);
        expect(wordsOf(chunk)).toEqual(words);
        expect(wordsOf(`a ${chunk}`)).toEqual(["a", ...words]);
      }),
    );
  });

  test("of simple chunks are cut as the rules cut them", () => {
    const edges = ["", ..."\"“‘'([{)]}”’,.;:!?", "'s", "’s", '."', ",'", "!”", "?'", ".'", ";'", ":'", "—”", "—", "-", ".—", "..", ",,", "'S", "n't"];
    const cores = ["a", "X", "Mr", "word", "Word", "USA", "dont", "cannot", "em", "D", "o", "xD", "Jan", "am", "co", "he", "John", "it", "wordé", "don't", "a-b", "ab-cd", "one–two", "one—Two", "one-two—three", "it-one", "one--two", "-one", "a-b-c-d-e-f-g-h", "b4", "U.S"];
    const cuts = new Int32Array(MOST_CUTS);
    let simple = 0;
    for (const core of cores) {
      for (const before of edges) {
        for (const after of edges) {
          const chunk = before + core + after;
          const units = Uint16Array.from(`<${chunk}>`, (char) => char.charCodeAt(0));
          const count = cutSimple(units, 1, units.length - 1, cuts);
          if (count === 0) continue;
          simple++;
          expect([...cuts.subarray(0, count)].map((cut, k) => chunk.slice(cut - 1, cuts[k + 1]! - 1)), chunk).toEqual(splitChunk(chunk));
        }
      }
    }
    expect(simple).toBeGreaterThan(900);
  });

  test("are looked up in a table that tells what a Map tells, also when it grows and is emptied", () => {
    const ours = new ChunkTable();
    for (let round = 0; round < 2; round++) {
      const reference = new Map<string, number>();
      for (let i = 0; i < 30_000; i++) {
        const text = `${(i * 7) % 20_011}${"ä".repeat(i % 5)}`;
        const units = Uint16Array.from(`<${text}>`, (char) => char.charCodeAt(0));
        const [start, end] = [1, units.length - 1];
        const hash = ChunkTable.hash(units, start, end);
        expect(ours.find(units, start, end, hash)).toBe(reference.get(text));
        if (reference.has(text)) continue;
        reference.set(text, i - 15_000);
        ours.add(units, start, end, hash, i - 15_000);
      }
      expect(ours.size).toBe(reference.size);
      ours.clear();
    }
  });

  test("are the same after the table was emptied", () => {
    const before = wordsOf("Don't stop, it's fine.");
    table.trim(0);
    expect(wordsOf("Don't stop, it's fine.")).toEqual(before);
    expect(before).toEqual(["Do", "n't", "stop", ",", "it", "'s", "fine", "."]);
  });
});

/** The plain reading of datatrove's find_all_duplicate and find_top_duplicate. */
const plain = {
  duplicate(words: string[], n: number): number {
    const seen = new Set<string>();
    let characters = 0;
    for (let i = 0; i + n <= words.length; ) {
      const gram = words.slice(i, i + n).join("");
      if (seen.has(gram)) characters += [...gram].length;
      i += seen.has(gram) ? n : 1;
      seen.add(gram);
    }
    return characters;
  },
  top(words: string[], n: number): number | undefined {
    const counts = new Map<string, number>();
    for (let i = 0; i + n <= words.length; i++) counts.set(words.slice(i, i + n).join(" "), (counts.get(words.slice(i, i + n).join(" ")) ?? 0) + 1);
    let best: [string, number] | undefined;
    for (const entry of counts) if (!best || entry[1] > best[1]) best = entry;
    return best && [...best[0]].length * best[1];
  },
};

test("repeated n-grams are counted as by the plain way, also where words run together", () => {
  const counter = new RepeatCounter();
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "ab", "ba", "aab", "é😀"), { maxLength: 60 }), (chunks) => {
      const words = wordsOf(chunks.join(" "));
      const count = words.length;
      counter.load(table, count);
      for (let n = 2; n <= 6; n++) {
        expect(counter.duplicateCharacters(count, n)).toBe(plain.duplicate(words, n));
        expect(counter.topCharacters(table.ids, count, n)).toBe(plain.top(words, n));
      }
    }),
    { numRuns: 300 },
  );
});

describe("verdicts", () => {
  const chain = [gopherRepetition(), gopherQuality(), c4Quality(), finewebQuality()];
  test("are datatrove's, and so is the text that is left", () => {
    const rules = new Set<string>();
    for (const { text, verdict } of golden.verdicts) {
      const trial = trialOf(text);
      for (const filter of chain) {
        trial.enter(filter.name);
        if (!trial.rejection) filter.apply(trial);
      }
      const { rejection } = trial;
      expect(rejection ? { filter: rejection.filter, rule: rejection.rule } : { text: trial.text }, text).toEqual(verdict);
      rules.add(rejection?.rule ?? "kept");
    }
    // The texts were made so that most of the rules come up.
    expect(rules.size).toBeGreaterThan(15);
  });

  test("by all measures are those of the early exit, and the first that fails counts", () => {
    for (const { text } of golden.verdicts.slice(0, 60)) {
      const early = trialOf(text);
      const complete = new Trial({ text, id: "" }, table, true);
      for (const filter of chain) {
        early.enter(filter.name);
        complete.enter(filter.name);
        if (!early.rejection) filter.apply(early);
        filter.apply(complete);
      }
      expect(complete.rejection).toEqual(early.rejection);
      expect(complete.measures).toMatchObject(early.measures);
      expect(Object.keys(complete.measures).length).toBeGreaterThanOrEqual(29);
    }
  });

  test("follow a threshold that is moved", () => {
    const text = `${"One line that comes again.\n".repeat(2)}Another line. And one more sentence. It has an end. So has this.`;
    const at = (threshold: number | null): boolean => {
      const trial = trialOf(text);
      trial.enter("fineweb");
      finewebQuality({ char_dup_ratio: threshold }).apply(trial);
      return trial.rejection === undefined;
    };
    expect([0.01, 0.2, 0.5, null].map(at)).toEqual([false, false, true, true]);
  });
});

test("texts are compared in datatrove's simple form", () => {
  for (const { text, simple } of golden.simple) expect(simplifyText(text), JSON.stringify(text)).toBe(simple);
});

describe("personal data", () => {
  test("is replaced as datatrove does, going round over all texts", () => {
    const state = { email: 0, ip: 0 };
    for (const { text, replaced } of golden.private) expect(replacePii(text, state)).toBe(replaced);
  });
  test("is replaced by the text alone where no state is kept", () => {
    expect([1, 2].map(() => replacePii("me@a.org, you@b.org"))).toEqual(Array(2).fill("email@example.com, firstname.lastname@example.org"));
    expect(["8.8.8.8", "10.0.0.1", "172.15.0.1", "172.16.0.1", "100.63.9.9", "100.64.0.1", "192.0.0.8", "192.0.0.10", "08.8.8.8", "239.1.1.1"].map(isPublicIp)).toEqual([true, false, true, false, true, false, false, true, false, true]);
  });
  test("long runs without an address take no time", () => {
    const started = performance.now();
    replacePii(`${"a.".repeat(100_000)} @ ${"a@".repeat(20_000)} ${"-a".repeat(20_000)}`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("mojibake", () => {
  test("is repaired to what was meant", () => {
    for (const { bad, good } of golden.mojibake) expect(repairMojibake(bad)).toBe(good);
    expect(repairMojibake("â€œYes,â€ she said. â€œNo.â€")).toBe("“Yes,” she said. “No.”");
    expect(repairMojibake("A good é beside cafÃ© and â€œquotesâ€\u009d.")).toBe("A good é beside café and “quotes”.");
  });
  test("any text of letters and signs comes back, once and twice spoilt", () => {
    const spoil = (text: string): string => String.fromCharCode(...Buffer.from(text, "utf8"));
    fc.assert(
      fc.property(fc.array(fc.constantFrom("naïve", "größer", "’s own", "façade", "日本", "🦊", "plain"), { minLength: 1, maxLength: 6 }), (words) => {
        const text = words.join(" ");
        expect(repairMojibake(spoil(text))).toBe(text);
        expect(repairMojibake(spoil(spoil(text)))).toBe(text);
      }),
    );
  });
  test("good text stays", () => {
    for (const text of ["CAFÉ” and “CAFÉ™”, É…", "MAÇÃ” and “MAÇÔ", "São Paulo – Ålesund", "25 °C, ½, £5, ±3, «oui»", "日本語 Ελληνικά Русский"]) expect(repairMojibake(text)).toBe(text);
  });
});

test("languages are told by their share of the text", async () => {
  const detect = await loadDetector();
  const english = "The old bridge was carried away by the river, and nobody knew when the next one would be built. ".repeat(6);
  const german = "Der alte Weg führt durch den Wald zum Dorf, und die Leute warten jeden Tag auf den nächsten Zug. ".repeat(6);
  expect(identifyLanguage(english, detect)).toEqual({ language: "en", score: 1 });
  expect(identifyLanguage(german, detect)).toEqual({ language: "de", score: 1 });
  const half = identifyLanguage(english + german, detect);
  expect(half.score).toBeGreaterThan(0.3);
  expect(half.score).toBeLessThan(0.65);
  expect(identifyLanguage("", detect)).toEqual({ language: "", score: 0 });
  // Without the short cut by frequent words, too.
  expect(identifyLanguage("Nice blue cars drive slowly down every street in town on Sunday mornings.", detect).language).toBe("en");
});

test("boilerplate is short lines of a page's frame, not prose about it", () => {
  for (const line of ["Home | About us | Contact", "Share this on Facebook", "© 2021 Example Inc. All rights reserved.", "Log in", "Read more »"]) expect(isBoilerplate(line), line).toBe(true);
  for (const line of ["", "She walked home and went to bed.", "The catalogue in the hall was loud.", `He asked me to read more books than anyone could, and so I did, day after day, until the summer was over.`]) expect(isBoilerplate(line), line).toBe(false);
});

test("URLs are rejected by host, word, part of a word and number of soft words", () => {
  const filter = urlFilter({ domains: ["bad.org"], urls: ["http://ok.org/only/this"], banned_words: ["casino"], banned_subwords: ["xpoker"], soft_banned_words: ["win", "free"] });
  const rule = (url?: string): string | undefined => {
    const trial = trialOf("x", url);
    trial.enter("url");
    filter.apply(trial);
    return trial.rejection?.rule;
  };
  expect(["http://bad.org/", "https://a.b.bad.org:80/x", "http://notbad.org/", "http://ok.org/only/this", "http://ok.org/only/that", "http://ok.org/casino-x", "http://ok.org/casinos", "http://o.org/max-POKER1", "http://ok.org/win", "http://ok.org/win/free", undefined].map(rule)).toEqual([
    "domain", "domain", undefined, "url", undefined, "hard_blacklisted", undefined, "blacklisted_subword", undefined, "soft_words", undefined,
  ]);
});

test("evaluation texts are found whatever their case and punctuation, and only whole", () => {
  const ngrams = new EvaluationNgrams();
  ngrams.add("Which of the two rivers that meet below the old town is the longer one?");
  ngrams.add("Too short to be found.");
  expect([ngrams.size, ngrams.tooShort]).toEqual([4, 1]);
  expect(ngrams.count("He asked: WHICH of the two rivers that meet, below the old town, is the longer one")).toBe(4);
  expect(ngrams.count("which of the two rivers that meet below the old")).toBe(0);
  expect(ngrams.count("Too short to be found.")).toBe(0);
});
