import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { Tokenizer, fromTiktoken, toTiktoken, trainBpe } from "@llm/bpe";
import { golden } from "./goldens.js";
import { Random, prose, unicodeMix } from "./texts.js";

interface Text {
  name: string;
  units?: string[];
  count?: number;
  end?: string;
  bytes?: number;
}
interface Answer {
  count?: number;
  sha256?: string;
  error?: string;
}

const { texts, patterns, answers } = golden<{ texts: Text[]; patterns: Record<string, string>; answers: Record<string, Answer[]> }>("worst-cases");

/** The text of a formula of tools/goldens/bpe_worst_cases.py, or the start of it that a share of its units makes. */
function made({ name, units = [], count = 0, end = "", bytes }: Text, share = 1): string {
  const r = new Random(name.length);
  if (bytes !== undefined) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from({ length: bytes * share }, () => r.below(256)));
  const length = Math.floor(count * share);
  return (units.length === 1 ? units[0]!.repeat(length) : Array.from({ length }, () => units[r.below(units.length)]!).join("")) + end;
}

const summary = (ids: Uint32Array): Answer => ({ count: ids.length, sha256: createHash("sha256").update(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)).digest("hex") });

let trained: Tokenizer;
const tokenizers = new Map<string, Tokenizer>();
beforeAll(async () => {
  const emoji = texts.find(({ name }) => name.startsWith("emoji"))!.units!.join("");
  const runs = ["a".repeat(4096), " ".repeat(2048), "\n".repeat(1024), "\t".repeat(512), "\u4e16".repeat(512), "\r\n".repeat(256), emoji.repeat(20), "e\u0301\u0300".repeat(50)];
  trained = await trainBpe([...prose(1, 1500), ...unicodeMix(4, 200), ...runs], { vocabSize: 2500, minFrequency: 1, specialTokens: [] });
});

const wholes: (string | undefined)[] = [];
const wholeOf = (index: number): string => (wholes[index] ??= made(texts[index]!));

/** The trained vocabulary with the words of a pattern, from a tokenizer.json or from a .tiktoken file. */
function tokenizerOf(oracle: string): Tokenizer {
  const known = tokenizers.get(oracle) ?? opened(oracle);
  tokenizers.set(oracle, known);
  return known;
}

function opened(oracle: string): Tokenizer {
  const [kind, name] = oracle.split(" ") as [string, string];
  if (kind === "tiktoken") return fromTiktoken(toTiktoken(trained), { pattern: name });
  const split = { type: "Split", pattern: { Regex: patterns[name] }, behavior: "Isolated", invert: false };
  const level = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return Tokenizer.fromJSON({ ...(JSON.parse(trained.toJSON()) as object), pre_tokenizer: { type: "Sequence", pretokenizers: [split, level] } });
}

it("is asked of two oracles, which agree where both have an answer", () => {
  for (const name of ["gpt2", "o200k_base"]) {
    answers[`tiktoken ${name}`]!.forEach((answer, index) => {
      if (answer.error === undefined) expect(answer, texts[index]!.name).toEqual(answers[`tokenizers ${name}`]![index]);
    });
  }
});

describe.each(["tokenizers gpt2", "tokenizers llama3", "tiktoken cl100k_base", "tiktoken o200k_base"])("a megabyte by the words of %s", (oracle) => {
  let tokenizer: Tokenizer;
  beforeAll(() => {
    tokenizer = tokenizerOf(oracle);
  });

  it.each(texts.map(({ name }, index) => ({ name, index })))("has the oracle's ids for $name", ({ index }) => {
    const whole = wholeOf(index);
    const { ids } = tokenizer.encode(whole);
    // Where tiktoken's regular expressions run out of stack, the text comes back from the ids at least.
    const expected = answers[oracle]![index]!;
    if (expected.error !== undefined) expect(tokenizer.decode(ids)).toBe(whole);
    else expect(summary(ids)).toEqual(expected);
  });
});

/** Processor time in milliseconds, which other work on the machine does not lengthen; the least of two runs. */
function time(work: () => unknown): number {
  let least = Infinity;
  for (let run = 0; run < 2; run++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** How much longer the work takes for a quarter of a text than for a sixteenth of it; the least of three attempts where it seems too long. */
function growth(text: Text, work: (text: string) => unknown, share = 1 / 4): number {
  const [short, long] = [made(text, share / 4), made(text, share)];
  work(short);
  let ratio = Infinity;
  // Times below a few milliseconds say little.
  for (let attempt = 0; attempt < 3 && ratio >= 6; attempt++) ratio = Math.min(ratio, time(() => work(long)) / Math.max(4, time(() => work(short))));
  return ratio;
}

describe("a text four times as long takes about four times as long", () => {
  it.each(texts)("to encode: $name", (text) => {
    const tokenizer = tokenizerOf("tokenizers o200k_base");
    expect(growth(text, (each) => tokenizer.encode(each))).toBeLessThan(6);
  });

  it.each<[string, (tokenizer: Tokenizer, text: string) => unknown]>([
    ["to encode with offsets", (tokenizer, text) => tokenizer.encodeAsSaved(text)],
    ["to count", (tokenizer, text) => tokenizer.count(text)],
    ["to encode as a stream", (tokenizer, text) => [...tokenizer.encodeStream(text.match(/[^]{1,1000}/g)!)]],
    ["to decode", (tokenizer, text) => tokenizer.decode(tokenizer.encode(text).ids)],
  ])("%s", (_, work) => {
    const tokenizer = tokenizerOf("tokenizers gpt2");
    for (const name of ["one letter", "spaces", "combining marks", "of everything"]) {
      const text = texts.find((each) => each.name === name)!;
      expect(growth(text, (each) => work(tokenizer, each), 1 / 16), name).toBeLessThan(6);
    }
  });
});
