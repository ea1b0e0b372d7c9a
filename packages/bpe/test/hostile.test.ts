import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BpeError, Tokenizer, trainBpe, type EncodeOptions } from "@llm/bpe";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = { [key: string]: Json };

const trained = await trainBpe(["the cat sat on the mat ".repeat(9)], { vocabSize: 280 });
const base = JSON.parse(trained.toJSON()) as Fields & { model: Fields & { vocab: { [token: string]: number }; merges: Json[] }; added_tokens: Fields[] };
const level = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** Valid files that have, together, every component with every field. */
const FILES: Fields[] = [
  {
    ...base,
    truncation: { direction: "Right", max_length: 6, strategy: "LongestFirst", stride: 1 },
    padding: { strategy: { Fixed: 8 }, direction: "Right", pad_to_multiple_of: 4, pad_id: 1, pad_type_id: 0, pad_token: "<pad>" },
    normalizer: {
      type: "Sequence",
      normalizers: [{ type: "NFC" }, { type: "Lowercase" }, { type: "Strip", strip_left: true, strip_right: true }, { type: "Replace", pattern: { Regex: "\\s+" }, content: " " }, { type: "Prepend", prepend: "a" }],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Digits", individual_digits: true }, { type: "Split", pattern: { Regex: "\\p{L}+" }, behavior: "Isolated", invert: false }, { type: "Punctuation", behavior: "Isolated" }, level],
    },
    post_processor: {
      type: "Sequence",
      processors: [
        level,
        {
          type: "TemplateProcessing",
          single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
          pair: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "<s>", type_id: 1 } }, { Sequence: { id: "B", type_id: 1 } }],
          special_tokens: { "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] } },
        },
      ],
    },
  },
  {
    ...base,
    added_tokens: [...base.added_tokens, { id: 300, content: "cat", single_word: true, lstrip: true, rstrip: true, normalized: true, special: false }],
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    post_processor: { type: "RobertaProcessing", sep: ["</s>", 2], cls: ["<s>", 0], trim_offsets: true, add_prefix_space: false },
    decoder: {
      type: "Sequence",
      decoders: [{ type: "Replace", pattern: { String: "▁" }, content: " " }, { type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }, { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: true }, { type: "BPEDecoder", suffix: "</w>" }],
    },
    model: { ...base.model, unk_token: "<unk>", byte_fallback: true, fuse_unk: true, continuing_subword_prefix: null, end_of_word_suffix: null },
  },
  { ...base, pre_tokenizer: { type: "CharDelimiterSplit", delimiter: " " }, post_processor: { type: "BertProcessing", sep: ["</s>", 2], cls: ["<s>", 0] } },
];

/** All places of a file; of long lists and tables the first few entries. */
function* placesOf(value: Json, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield path;
  if (value === null || typeof value !== "object") return;
  for (const key of Object.keys(value).slice(0, 6)) yield* placesOf((value as Fields)[key]!, [...path, Array.isArray(value) ? Number(key) : key]);
}

const nested = (depth: number): Json => JSON.parse(`${'{"type":"Sequence","normalizers":['.repeat(depth)}${"]}".repeat(depth)}`) as Json;
const VALUES: Json[] = [
  null, true, false, 0, -1, 0.5, 7, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -1e308, "", "x", "ab cd", "\ud800", "__proto__", "constructor", "x".repeat(300),
  [], [null], [[]], ["a", "b"], ["<s>", 2 ** 40], {}, { type: "Sequence" }, { type: 5 }, { type: "__proto__" }, { String: "" }, { Regex: "" }, { Regex: "(" }, { Regex: "(a+)+$" }, nested(20), nested(2000),
  JSON.parse('{"__proto__":{"type":"NFC"},"constructor":1,"toString":2}') as Json,
  { type: "ByteLevel" }, { type: "Replace", pattern: { String: "" }, content: "ab" }, { type: "Prepend", prepend: "y".repeat(1000) }, { Fixed: 2 ** 40 }, { Fixed: -1 },
];

function changed(file: Fields, path: readonly (string | number)[], value: Json | undefined): Fields {
  const copy = structuredClone(file);
  let at = copy as { [key: string | number]: Json };
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  const last = path[path.length - 1]!;
  if (value === undefined && Array.isArray(at)) at.splice(last as number, 1);
  else if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

/** Runs the work, and passes errors of the package's own class; gives the seconds of processor time that it took. */
function tried(work: () => void): number {
  const before = process.cpuUsage();
  try {
    work();
  } catch (error) {
    if (!(error instanceof BpeError)) throw error;
    expect(error.message.length).toBeLessThan(1500);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Opens a file and uses it in all ways: every error is of the package's own class. */
function use(source: string | object): void {
  const tokenizer = Tokenizer.fromJSON(source);
  const text = "the cat, 12  naïve 世界";
  const all: EncodeOptions = { special: "parse", addSpecialTokens: true };
  const ways = [
    () => tokenizer.encode(text, all),
    () => tokenizer.encodeAsSaved(text),
    () => tokenizer.encodeAsSaved(text, { pair: "x y", offsets: "byte" }),
    () => tokenizer.decode([0, 1, 2, 50, 60, 300]),
    () => tokenizer.encodeBatch([text, "a"], { addSpecialTokens: true, padding: 60, maxLength: 50 }),
    () => tokenizer.count(text, { limit: 3 }),
    () => tokenizer.truncate(text, 4),
    () => [...tokenizer.encodeStream(["the ca", "t sat "])],
    () => {
      const stream = tokenizer.decodeStream();
      return [5, 60, 61].map((id) => stream.push(id)).join("") + stream.end();
    },
    // What is read is written again, and read.
    () => Tokenizer.fromJSON(tokenizer.toJSON()),
  ];
  for (const way of ways) tried(way);
}

describe("a tokenizer.json that someone tampered with", () => {
  it("is loaded, or refused with a clear error, whatever stands at any place", () => {
    let [cases, place, most] = [0, 0, 0];
    for (const file of FILES) {
      for (const path of placesOf(file)) {
        // At every place each fourth value, another fourth at each place.
        const values = [undefined, ...VALUES].filter((_, index) => (index + place) % 4 === 0);
        place++;
        for (const value of values) {
          const copy = changed(file, path, value);
          const seconds = tried(() => {
            try {
              use(copy);
            } catch (cause) {
              if (cause instanceof BpeError) throw cause;
              throw new Error(`at ${path.join(".")}: ${JSON.stringify(value)?.slice(0, 100)}`, { cause });
            }
          });
          most = Math.max(most, seconds);
          cases++;
        }
      }
    }
    expect(cases).toBeGreaterThan(1000);
    expect(most).toBeLessThan(1);
  });

  it("is loaded, or refused with a clear error, after several changes at once", () => {
    const places = FILES.map((file) => [...placesOf(file)]);
    const change = fc.tuple(fc.nat(), fc.nat(VALUES.length));
    fc.assert(
      fc.property(fc.nat(FILES.length - 1), fc.array(change, { minLength: 1, maxLength: 5 }), (which, changes) => {
        let copy: Fields = FILES[which]!;
        for (const [place, value] of changes) {
          const paths = places[which]!;
          try {
            copy = changed(copy, paths[place % paths.length]!, VALUES[value]);
          } catch {
            // The place went with an earlier change.
          }
        }
        expect(tried(() => use(JSON.stringify(copy)))).toBeLessThan(1);
      }),
      { numRuns: 300, seed: 12 },
    );
  });

  it("is loaded, or refused with a clear error, with bytes of its text changed", () => {
    const text = JSON.stringify(FILES[1]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(text.length), fc.constantFrom("", "{", "}", "[", "]", '"', ",", ":", "0", "9", "-", "e", "\\", "\u0000", "null", '"a":')), { minLength: 1, maxLength: 3 }), (changes) => {
        let copy = text;
        for (const [at, piece] of changes) copy = copy.slice(0, at) + piece + copy.slice(at + 1);
        expect(tried(() => use(copy))).toBeLessThan(1);
      }),
      { numRuns: 400, seed: 13 },
    );
  });
});

const json = (change: (file: typeof base) => void): string => {
  const copy = structuredClone(base);
  change(copy);
  return JSON.stringify(copy);
};
const setting = (name: string, value: string): string => `${JSON.stringify({ ...base, [name]: "HERE" }).replace('"HERE"', () => value)}`;
const split = (regex: string): string => setting("pre_tokenizer", JSON.stringify({ type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false }));
const many = (count: number, item: Json): string => JSON.stringify(Array.from({ length: count }, () => item));

describe("a hostile tokenizer.json is refused within a second", () => {
  it.each<[string, () => string | object]>([
    ["nested 100,000 deep", () => setting("normalizer", '{"type":"Sequence","normalizers":['.repeat(1e5) + "]}".repeat(1e5))],
    ["nested 100,000 deep where nothing is read", () => setting("padding", "[".repeat(1e5) + "]".repeat(1e5))],
    ["nested 30 million deep", () => "[".repeat(3e7)],
    ["100 MB of junk", () => "x".repeat(1e8)],
    ["100 MB of one text", () => `"${"x".repeat(1e8)}"`],
    ["more characters than are read", () => " ".repeat(200_000_001)],
    ["an id of 2^32", () => json((file) => (file.model.vocab.a = 2 ** 32))],
    ["an id of 1e308", () => json((file) => (file.model.vocab.a = 1e308))],
    ["an added token of id 2^32", () => json((file) => (file.added_tokens[0]!.id = 2 ** 32))],
    ["a token of a megabyte with a wrong id", () => json((file) => (file.model.vocab["x".repeat(1e6)] = -1))],
    ["a merge of unknown tokens of a megabyte", () => json((file) => file.model.merges.push(["x".repeat(1e6), "a"]))],
    ["a merge that makes nothing known", () => json((file) => file.model.merges.push(["cat", "cat"]))],
    ["three million merges", () => json((file) => (file.model.merges = Array.from({ length: 3e6 }, () => 0)))],
    ["a model of a type of a megabyte", () => json((file) => (file.model.type = "x".repeat(1e6)))],
    ["a pattern that repeats what may match nothing", () => split("(.*)*y")],
    ["a pattern that repeats what may match nothing, further in", () => split("(?:b|(?:x\\w*y?)*)*z")],
    ["a text of a megabyte to look for", () => setting("pre_tokenizer", JSON.stringify({ type: "Split", pattern: { String: "a".repeat(1e6) }, behavior: "Isolated", invert: false }))],
    ["a pattern that counts to a billion", () => split("(?:(?:\\p{L}{1000}){1000}){1000}")],
    ["a pattern of thousands of classes", () => split("\\p{L}?".repeat(3000))],
    ["a pattern nested 9,000 deep", () => split("(".repeat(9000) + ")".repeat(9000))],
    ["a pattern of a megabyte", () => split("a".repeat(1e6))],
    ["a template that repeats the text without end", () => setting("post_processor", JSON.stringify({ type: "Sequence", processors: Array.from({ length: 60 }, () => ({ type: "TemplateProcessing", single: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }], pair: [], special_tokens: {} })) }))],
    ["an object that contains itself", () => {
      const file = structuredClone(base) as Fields;
      file.normalizer = file;
      return file;
    }],
  ])("%s", (_, source) => {
    const made = source();
    let refused: unknown;
    const before = process.memoryUsage().rss;
    const started = process.cpuUsage();
    try {
      Tokenizer.fromJSON(made);
    } catch (error) {
      refused = error;
    }
    const { user, system } = process.cpuUsage(started);
    expect(refused).toBeInstanceOf(BpeError);
    expect((refused as Error).message.length).toBeLessThan(1500);
    expect((user + system) / 1e6).toBeLessThan(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });

  it.each<[string, string]>([
    ["a normalizer that doubles the text sixty times", setting("normalizer", `{"type":"Sequence","normalizers":${many(60, { type: "Replace", pattern: { String: "a" }, content: "aa" })}}`)],
    ["a normalizer that puts a text between all characters, again and again", setting("normalizer", `{"type":"Sequence","normalizers":${many(60, { type: "Replace", pattern: { Regex: "" }, content: "xy" })}}`)],
    ["padding to a trillion", setting("padding", JSON.stringify({ strategy: { Fixed: 2 ** 40 }, direction: "Right", pad_to_multiple_of: null, pad_id: 1, pad_type_id: 0, pad_token: "<pad>" }))],
    ["padding to a multiple of a trillion", setting("padding", JSON.stringify({ strategy: "BatchLongest", direction: "Left", pad_to_multiple_of: 2 ** 40, pad_id: 1, pad_type_id: 0, pad_token: "<pad>" }))],
  ])("%s is an error of the package when it is used", (_, source) => {
    let refused: unknown;
    const started = process.cpuUsage();
    try {
      Tokenizer.fromJSON(source).encodeAsSaved("a cat sat on a mat");
    } catch (error) {
      refused = error;
    }
    const { user, system } = process.cpuUsage(started);
    expect(refused).toBeInstanceOf(BpeError);
    expect((user + system) / 1e6).toBeLessThan(1);
  });
});

/** Processor time in seconds. */
function spent(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

describe("patterns that a backtracking matcher takes time without end for", () => {
  const whole = Tokenizer.fromJSON(split("\\x{10ffff}"));

  it.each<[regex: string, unit: string, end?: string]>([
    ["(a|aa)+$", "a", "b"],
    ["(a+)+$", "a", "b"],
    ["(a|a)*b", "a"],
    ["(a|b|ab)*c", "ab"],
    ["(\\w+\\s?)+!", "ab "],
    ["(.+)+\\n", "a"],
    ["(x+x+)+y", "x"],
    ["(?:a|aa){1,9}b", "a"],
    ["(?=(a+)+$)a", "a", "b"],
    ["(?<=(a+)+)b", "a"],
    ["(?<!(?:a|aa)+)b", "a", "b"],
    ["(?>(?:a|aa)+b)", "a"],
    ["(?:(?=(?:a|aa)+c)a)+b", "a"],
    ["(?i)(a|A)*b", "aA"],
    ["(?:\\p{L}|[a-z])+\\d", "é"],
    ["([a-z]+)*!", "a"],
    [".*.*.*.*\\n", "a"],
    ["\\s+\\s+\\s+y", " "],
    ["\\s+$", " ", "x"],
    ["a++b", "a"],
  ])("%s has its answer after a time that grows with the text", (regex, unit, end = "") => {
    const replace = setting("normalizer", JSON.stringify({ type: "Replace", pattern: { Regex: regex }, content: "z" }));
    const [splitting, replacing] = [split(regex), replace].map((file) => Tokenizer.fromJSON(file)) as [Tokenizer, Tokenizer];
    for (const length of [50, 30_000]) {
      const text = unit.repeat(length / unit.length) + end;
      // None of them matches anywhere in its text.
      const expected = whole.encodeIds(text);
      let ids: number[] = [];
      expect(spent(() => (ids = splitting.encodeIds(text)))).toBeLessThan(1);
      expect(ids).toEqual(expected);
      expect(spent(() => (ids = replacing.encodeIds(text)))).toBeLessThan(1);
      expect(replacing.decode(ids)).toBe(text);
    }
  });

  it.each([
    ["(?:a{1,300}){300}b", 5000],
    [`${"a?".repeat(2000)}b`, 20_000],
  ])("%.20s is an error of the package where it takes too much", (regex, length) => {
    const tokenizer = Tokenizer.fromJSON(split(regex));
    const before = process.memoryUsage().rss;
    expect(spent(() => expect(() => tokenizer.encode("a".repeat(length))).toThrow(BpeError))).toBeLessThan(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });
});

it("refuses to pair every piece of one long text with every piece of another", () => {
  const tokenizer = Tokenizer.fromJSON({ ...base, truncation: { direction: "Right", max_length: 4, strategy: "LongestFirst", stride: 1 } });
  const text = "a b ".repeat(400);
  expect(() => tokenizer.encodeAsSaved(text, { pair: text })).toThrow(/overflow into \d+ pieces/);
});

describe("odd but usable", () => {
  it("takes tokens with the names of JavaScript's own properties for tokens", () => {
    const text = json((file) => {
      for (const [index, name] of ["__proto__", "constructor", "toString", "hasOwnProperty"].entries()) Object.defineProperty(file.model.vocab, name, { value: 400 + index, enumerable: true });
    });
    const tokenizer = Tokenizer.fromJSON(text);
    expect(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"].map((name) => tokenizer.tokenToId(name))).toEqual([400, 401, 402, 403, undefined]);
    expect(tokenizer.decode([400, 402])).toBe("__proto__toString");
    expect(({} as { type?: string }).type).toBeUndefined();
  });

  it("lets merges that go round in circles end", () => {
    const text = json((file) => {
      file.added_tokens = [];
      file.model.vocab = { a: 0, aa: 1, aaa: 2, aaaa: 3 };
      file.model.merges = ["aa aa", "a aaa", "aaa a", "aa a", "a aa", "a a", "a a"];
    });
    const tokenizer = Tokenizer.fromJSON(text);
    expect(tokenizer.decode(tokenizer.encode("a".repeat(1003)).ids)).toBe("a".repeat(1003));
  });

  it("loads a hundred megabytes that nothing reads", () => {
    const text = `{"junk":"${"x".repeat(1e8)}",${JSON.stringify(base).slice(1)}`;
    const started = process.cpuUsage();
    expect(Tokenizer.fromJSON(text).vocabSize).toBe(trained.vocabSize);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(1);
  });
});
