import { describe, expect, it } from "vitest";
import { BpeError, DEFAULT_SPECIAL_TOKENS, Tokenizer, trainBpe } from "@llm/bpe";

interface File {
  added_tokens: Record<string, unknown>[];
  pre_tokenizer: unknown;
  post_processor: unknown;
  decoder: unknown;
  normalizer: unknown;
  model: Record<string, unknown> & { vocab: Record<string, number>; merges: unknown[] };
}

const trained = await trainBpe(["12 12 13 13 \"q\" \\ \u007f"], { vocabSize: 300, minFrequency: 1, specialTokens: [...DEFAULT_SPECIAL_TOKENS, "__proto__"] });
const file = (change: (file: File) => void): File => {
  const copy = JSON.parse(trained.toJSON()) as File;
  change(copy);
  return copy;
};

describe("tokenizer.json", () => {
  it("is written in the order of ids, even for tokens that look like numbers or like __proto__", () => {
    const json = trained.toJSON(false);
    const vocab = json.slice(json.indexOf('"vocab"'));
    expect([...vocab.matchAll(/"((?:[^"\\]|\\.)*)":(\d+)/g)].map((match) => Number(match[2]))).toEqual([...Array(trained.vocabSize).keys()]);
    expect(json).toContain(`"__proto__":${trained.tokenToId("__proto__")}`);
  });

  it("comes back byte for byte, pretty and compact", () => {
    for (const pretty of [true, false]) expect(Tokenizer.fromJSON(trained.toJSON(pretty)).toJSON(pretty)).toBe(trained.toJSON(pretty));
  });

  it("reads the older form of merges", () => {
    const old = file((copy) => (copy.model.merges = copy.model.merges.map((merge) => (merge as string[]).join(" "))));
    expect(Tokenizer.fromJSON(old).toJSON()).toBe(trained.toJSON());
  });

  it("merges through a queue where two merges spell the same token", () => {
    const odd = file((copy) => {
      copy.model.vocab = { a: 0, b: 1, c: 2, ab: 3, bc: 4, abc: 5 };
      copy.model.merges = ["b c", "a bc", "a b", "ab c"];
      copy.added_tokens = [];
    });
    expect(Tokenizer.fromJSON(odd).encodeIds("abcab")).toEqual([5, 3]);
  });

  it("drops bytes that the vocabulary lacks, or takes the unknown token for them", () => {
    const change = (unk: string | null, fuse: boolean) =>
      Tokenizer.fromJSON(
        file((copy) => {
          copy.model = { ...copy.model, vocab: { "<unk>": 0, a: 1, b: 2, ab: 3 }, merges: ["a b"], unk_token: unk, fuse_unk: fuse };
          copy.added_tokens = [];
        }),
      ).encodeIds("aXXb");
    expect(change(null, false)).toEqual([3]);
    expect(change("<unk>", false)).toEqual([1, 0, 0, 2]);
    expect(change("<unk>", true)).toEqual([1, 0, 2]);
  });

  it("takes a word of the vocabulary whole under ignore_merges", () => {
    const whole = file((copy) => {
      copy.model = { ...copy.model, vocab: { a: 0, b: 1, abb: 2 }, merges: [], ignore_merges: true };
      copy.added_tokens = [];
    });
    expect(Tokenizer.fromJSON(whole).encodeIds("abb")).toEqual([2]);
    expect(Tokenizer.fromJSON(whole).encodeIds("ab")).toEqual([0, 1]);
  });

  it.each<[string, (file: File) => void, RegExp]>([
    ["another model", (copy) => (copy.model.type = "WordPiece"), /model "WordPiece", which is not supported/],
    ["another pre-tokenizer", (copy) => (copy.pre_tokenizer = { type: "UnicodeScripts" }), /pre_tokenizer "UnicodeScripts", which is not supported/],
    ["another one among several", (copy) => (copy.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "ByteLevel" }, { type: "BertPreTokenizer" }] }), /pre_tokenizer "BertPreTokenizer"/],
    ["a normalizer", (copy) => (copy.normalizer = { type: "Precompiled" }), /normalizer "Precompiled"/],
    ["a normalizer in a sequence", (copy) => (copy.normalizer = { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Nmt" }] }), /normalizer "Nmt"/],
    ["a pattern of unknown syntax", (copy) => (copy.pre_tokenizer = { type: "Split", pattern: { Regex: "(?<n>a)\\k<n>" }, behavior: "Isolated", invert: false }), /"\(\?<n>a\)\\\\k<n>" can't be used: \\k/],
    ["a pattern that is none", (copy) => (copy.pre_tokenizer = { type: "Split", pattern: { Regex: "[a" }, behavior: "Isolated", invert: false }), /a character class that is not closed/],
    ["an unknown property", (copy) => (copy.normalizer = { type: "Replace", pattern: { Regex: "\\p{Klingon}" }, content: "" }), /\\p\{Klingon\}/],
    ["an unknown behaviour", (copy) => (copy.pre_tokenizer = { type: "Punctuation", behavior: "Odd" }), /behavior "Odd"/],
    ["another decoder", (copy) => (copy.decoder = { type: "WordPiece" }), /decoder "WordPiece"/],
    ["another post-processor", (copy) => (copy.post_processor = { type: "Odd" }), /post_processor "Odd"/],
    ["dropout", (copy) => (copy.model.dropout = 0.1), /model.dropout 0.1/],
    ["a decoder in a sequence", (copy) => (copy.decoder = { type: "Sequence", decoders: [{ type: "Fuse" }, { type: "CTC" }] }), /decoder "CTC"/],
    ["an id that is none", (copy) => (copy.model.vocab.a = -1), /the id -1/],
    ["an id beyond all bounds", (copy) => (copy.model.vocab.a = 4e9), /the id 4000000000/],
    ["an id twice", (copy) => (copy.model.vocab.a = copy.model.vocab.b!), /to both/],
    ["no vocabulary", (copy) => (copy.model.vocab = {}), /vocab is empty/],
    ["merges of unknown tokens", (copy) => copy.model.merges.push(["nowhere", "a"]), /needs "nowhere"/],
    ["broken merges", (copy) => copy.model.merges.push("a b c"), /expected two tokens/],
    ["merges missing", (copy) => delete (copy.model as Record<string, unknown>).merges, /merges is missing/],
    ["a special token without content", (copy) => delete copy.added_tokens[0]!.content, /added_tokens\[0\]/],
    ["a special token with another's id", (copy) => (copy.added_tokens[0]!.id = 50), /added_tokens\[0\].*says otherwise/],
    ["a template without a sequence", (copy) => (copy.post_processor = { type: "TemplateProcessing", single: [], special_tokens: {} }), /has no sequence/],
  ])("refuses %s", (_, change, message) => {
    const attempt = (): Tokenizer => Tokenizer.fromJSON(file(change));
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(BpeError);
  });

  it.each([["", /not valid JSON/], [trained.toJSON().slice(0, 5000), /not valid JSON/], ["[]", /the file is missing or no object/], ["{}", /model is missing/], ["null", /no object/]])("refuses broken text", (text, message) => {
    expect(() => Tokenizer.fromJSON(text)).toThrow(message);
    expect(() => Tokenizer.fromJSON(text)).toThrow(BpeError);
  });
});
