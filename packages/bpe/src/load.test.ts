import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { trainBpe } from "./train/train.js";
import { golden, type EncodeGolden } from "../test/goldens.js";
import { prose, unicodeMix } from "../test/texts.js";
import { readTokenizerJson, type TokenizerFile, type TokenTables } from "./json/read.js";
import { MergeRanks } from "./model/merge-ranks.js";
import { readPair, readTokenizer } from "./load/reader.js";
import { Tokenizer } from "./tokenizer.js";
import { hashPair } from "./train/pair-table.js";
import { TokenTable } from "./load/token-table.js";

type Json = Record<string, unknown> & { model: Record<string, unknown> & { vocab: Record<string, number>; merges: (string | string[])[] } };

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const escaped = (text: string): string => text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
const ranksOf = ({ merges, made }: TokenTables): Int32Array => (new MergeRanks(merges, made) as unknown as { slots: Int32Array }).slots;

/** Everything of a file, the hash table of its merges too. */
function contentsOf(file: TokenizerFile): unknown {
  const { ids, document, merges, made } = file;
  const tokens = [...file.tokens];
  const used = tokens.filter((token) => token !== undefined);
  expect(new Set(ids.keys())).toEqual(new Set(used));
  expect([...ids.values()].sort((a, b) => a - b)).toEqual(tokens.flatMap((token, id) => (token === undefined ? [] : [id])));
  expect(new Map(ids)).toEqual(new Map(tokens.flatMap((token, id): [string, number][] => (token === undefined ? [] : [[token, id]]))));
  const looked = [...used, "", "nowhere", "\ud800", "\ufffd", "Ġ"].map((token) => ids.get(token));
  return { document, tokens, looked, limit: ids.limit ?? tokens.length, merges: Array.from(merges), made: Array.from(made), slots: Array.from(file.slots ?? ranksOf(file)) };
}

/** Reads a text both ways, from the text and from its bytes. @returns whether the kernel read it */
function compare(text: string): boolean {
  const attempt = (read: () => TokenizerFile): unknown => {
    try {
      return contentsOf(read());
    } catch (error) {
      return String(error);
    }
  };
  const expected = attempt(() => readTokenizerJson(text));
  let fast = false;
  for (const source of [text, bytesOf(text)]) {
    // A string may hold what bytes can't.
    if (typeof source !== "string" && /\p{Surrogate}/u.test(text)) continue;
    const found = attempt(() => {
      const file = readTokenizer(source, 0);
      fast = file.ids instanceof TokenTable;
      return file;
    });
    expect(found).toEqual(expected);
  }
  return fast;
}

const trained = await trainBpe([...prose(1, 400), ...unicodeMix(2, 60)], { vocabSize: 700 });
const base = JSON.parse(trained.toJSON()) as Json;
const change = (edit: (file: Json) => void): string => {
  const copy = structuredClone(base);
  edit(copy);
  return JSON.stringify(copy);
};

describe("a tokenizer.json that the kernel reads", () => {
  it.each<[string, string]>([
    ["as saved", trained.toJSON()],
    ["compact", trained.toJSON(false)],
    ["with the older form of merges", change(({ model }) => (model.merges = model.merges.map((merge) => (merge as string[]).join(" "))))],
    ["in ASCII", escaped(trained.toJSON())],
    ["with its keys in the order of letters", change((file) => (file.model = Object.fromEntries(Object.entries(file.model).sort(([a], [b]) => (a < b ? -1 : 1))) as Json["model"]))],
    ["with its model first", JSON.stringify(Object.fromEntries(Object.entries(base).reverse()))],
    ["with blanks all over", JSON.stringify(base, null, "\t\r\n ").replaceAll(":", " : ")],
    ["without merges", change(({ model }) => (model.merges = []))],
    ["with gaps between ids", change(({ model }) => (model.vocab.far = 5000))],
    ["with tokens of all kinds of characters", change(({ model }) => ["", " ", "é", "世界", "👋🏽", "\u07ff\u0800\uffff\u{10000}\u{10ffff}", '"\\/\b\f\n\r\t', "\u0000\u001f\u007f", "12", "__proto__", "\ufffd"].forEach((token, index) => Object.defineProperty(model.vocab, token, { value: 800 + index, enumerable: true })))],
    ["with every escape", change(({ model }) => (model.vocab.HERE = 800)).replace("HERE", () => String.raw`\"\\\/\b\f\n\r\t\u0041\u00e9\u00C9\u4e16\uFFFD`)],
    ["with merges that come twice, out of order, and make one token in two ways", change(({ model }) => {
      Object.assign(model.vocab, { abc: 800, ab: 801, bc: 802 });
      model.merges = [["b", "c"], ["a", "bc"], ["a", "b"], ["ab", "c"], ["a", "b"], ...model.merges.reverse()];
    })],
  ])("%s", (_, text) => {
    expect(compare(text)).toBe(true);
  });

  it("with the components of every family", () => {
    for (const { file } of golden<EncodeGolden>("encode").variants) expect(compare(JSON.stringify({ ...base, ...file, model: base.model }))).toBe(true);
  });

  it("with random tokens and merges", () => {
    const token = fc.oneof(fc.string({ unit: fc.constantFrom("a", "b", "é", "世", "👋", "\\", '"', "\n") }), fc.string({ unit: "grapheme", maxLength: 6 }));
    let most = 0;
    fc.assert(
      fc.property(fc.uniqueArray(token, { maxLength: 400, minLength: 1, size: "max" }), fc.infiniteStream(fc.nat()), fc.boolean(), (tokens, draws, pretty) => {
        const draw = (below: number): number => (draws.next().value as number) % below;
        const vocab: [string, number][] = tokens.map((name, index) => [name, index * 3]);
        const merges: [string, string][] = [];
        for (let count = draw(50); count > 0; count--) {
          const [left, right] = [tokens[draw(tokens.length)]!, tokens[draw(tokens.length)]!];
          if (!vocab.some(([name]) => name === left + right)) vocab.push([left + right, vocab.length * 3]);
          merges.push([left, right]);
        }
        const text = JSON.stringify({ ...base, added_tokens: [], model: { ...base.model, vocab: Object.fromEntries(vocab), merges } }, null, pretty ? 2 : 0);
        most = Math.max(most, vocab.length);
        return compare(text);
      }),
      { numRuns: 150, seed: 3 },
    );
    expect(most).toBeGreaterThan(100);
  });
});

describe("a tokenizer.json that the kernel leaves to the reader of JSON", () => {
  it.each<[string, string]>([
    ["a prefix", change(({ model }) => (model.continuing_subword_prefix = "##"))],
    ["an id twice", change(({ model }) => (model.vocab.twice = 5))],
    ["a token twice", change(({ model }) => (model.vocab.HERE = 800)).replace('"HERE"', '"a"')],
    ["no tokens", change(({ model }) => (model.vocab = {}))],
    ["an id that is none", change(({ model }) => (model.vocab.x = -1))],
    ["an id with a fraction", change(({ model }) => (model.vocab.x = 800)).replace(":800", ":800.0")],
    ["an id with an exponent", change(({ model }) => (model.vocab.x = 800)).replace(":800", ":8e2")],
    ["an id beyond all bounds", change(({ model }) => (model.vocab.x = 2 ** 21))],
    ["an id that begins with 0", change(({ model }) => (model.vocab.x = 800)).replace(":800", ":0800")],
    ["a merge of unknown tokens", change(({ model }) => model.merges.push(["a", "nowhere"]))],
    ["a merge that makes nothing known", change(({ model }) => model.merges.push(["zz", "zz"]))],
    ["a merge of three", change(({ model }) => model.merges.push("a b c"))],
    ["a merge of one", change(({ model }) => model.merges.push("a"))],
    ["a list of one", change(({ model }) => model.merges.push(["a"]))],
    ["a vocabulary twice", change(({ model }) => (model.HERE = { a: 1 })).replace("HERE", "vocab")],
    ["a model twice", trained.toJSON(false).replace("{", '{"model":{},')],
    ["a key in escapes", trained.toJSON(false).replace('"vocab"', '"voc\\u0061b"')],
    ["pairs of surrogates in escapes", change(({ model }) => (model.vocab.HERE = 800)).replace("HERE", "\\ud83d\\udc4b")],
    ["a lone surrogate", change(({ model }) => (model.vocab.HERE = 800)).replace("HERE", "\ud800")],
    ["a lone surrogate in escapes", change(({ model }) => (model.vocab.HERE = 800)).replace("HERE", "\\ud800")],
    ["a lone surrogate elsewhere", JSON.stringify({ ...base, version: "HERE" }).replace("HERE", "\ud800")],
    ["a control character", change(({ model }) => (model.vocab.HERE = 800)).replace("HERE", "\n")],
    ["an escape that is none", change(({ model }) => (model.vocab.HERE = 800)).replace("HERE", "\\x")],
    ["digits that are none", change(({ model }) => (model.vocab.HERE = 800)).replace("HERE", "\\u00g0")],
    ["a comma too many", trained.toJSON(false).replace('},"merges"', ',},"merges"')],
    ["something after the end", `${trained.toJSON(false)} x`],
    ["another model", change(({ model }) => (model.type = "WordPiece"))],
    ["an end too early", trained.toJSON(false).slice(0, -1000)],
    ["no model", JSON.stringify({ ...base, model: undefined })],
    ["no object", "[]"],
    ["nothing", " "],
  ])("%s", (_, text) => {
    expect(compare(text)).toBe(false);
  });

  it("a byte order mark in a text, which bytes may have", () => {
    expect(() => readTokenizer(`\ufeff${trained.toJSON(false)}`, 0)).toThrow("not valid JSON");
  });

  it("changes of its bytes, with the same errors", () => {
    const small = change((file) => {
      file.model.vocab = { a: 0, b: 1, "é": 2, ab: 3, "ab\n": 4, "\n": 5 };
      file.model.merges = ["a b", ["ab", "\n"]];
      file.added_tokens = file.added_tokens instanceof Array ? [{ id: 6, content: "<s>", special: true }] : [];
    });
    let fast = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(small.length), fc.nat(2), fc.constantFrom("", " ", "{", "}", "[", "]", '"', ",", ":", "0", "9", "-", "e", "\\", "\u0000", "\n", "\ud800", "\ufffd", "é", "null", '"a":', '"vocab":', '"model":', "a b")), { minLength: 1, maxLength: 3 }), (changes) => {
        let copy = small;
        for (const [at, gone, piece] of changes) copy = copy.slice(0, at) + piece + copy.slice(at + gone);
        if (compare(copy)) fast++;
      }),
      { numRuns: 3000, seed: 4 },
    );
    expect(fast).toBeGreaterThan(100);
  });
});

it("tells bytes that are not UTF-8 from a text", () => {
  const text = change(({ model }) => (model.vocab.HERE = 800));
  const at = bytesOf(text.slice(0, text.indexOf("HERE"))).length;
  for (const broken of [[0x80, 0x80], [0xc3, 0x28], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0xaf], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe4, 0xb8, 0x22]]) {
    const bytes = bytesOf(text);
    bytes.set(broken, at);
    expect(() => readTokenizer(bytes, 0)).toThrow("not UTF-8");
  }
  expect(() => readTokenizer(Uint8Array.of(...bytesOf(text.replace("version", "versio")), 0xff), 0)).toThrow("not UTF-8");
  const marked = readTokenizer(Uint8Array.of(0xef, 0xbb, 0xbf, ...bytesOf(text)), 0);
  expect(marked.ids).toBeInstanceOf(TokenTable);
  expect(contentsOf(marked)).toEqual(contentsOf(readTokenizerJson(text)));
});

it("leaves tokens that were chosen to share a place of the table to the reader of JSON", () => {
  const vocab: Record<string, number> = {};
  let count = 0;
  for (let word = 0; count < 3000; word++) {
    const token = word.toString(36);
    let hash = 0;
    for (const byte of bytesOf(token)) hash = Math.imul(hash ^ byte, 0x5bd1e995);
    if (((hash ^ (hash >>> 15)) & 8191) < 64) vocab[token] = count++;
  }
  expect(compare(JSON.stringify({ ...base, added_tokens: [], model: { ...base.model, vocab, merges: [] } }))).toBe(false);
});

it("refuses merges that were chosen to share a place of the table", () => {
  const vocab: Record<string, number> = {};
  const merges: [string, string][] = [];
  // Tokens of letters alone, so that each text is that of one pair.
  const name = (id: number): string => id.toString(26).replace(/[0-9]/g, (digit) => "qrstuvwxyz"[Number(digit)]!).padStart(4, "q");
  for (let id = 0; id < 6000; id++) vocab[name(id)] = id;
  for (let left = 0; merges.length < 4000; left++) {
    for (let right = 3000; right < 6000 && merges.length < 4000; right++) {
      if ((hashPair(left, right) & 8191) >= 32) continue;
      merges.push([name(left), name(right)]);
      vocab[name(left) + name(right)] = 6000 + merges.length;
    }
  }
  const text = JSON.stringify({ ...base, added_tokens: [], model: { ...base.model, vocab, merges } });
  expect(readTokenizer(bytesOf(text), 0).ids).toBeInstanceOf(TokenTable);
  for (const source of [text, bytesOf(text)]) expect(() => Tokenizer.fromJSON(source)).toThrow(/its merges are chosen so that it takes very long to find one/);
  const fair = JSON.stringify({ ...base, added_tokens: [], model: { ...base.model, vocab, merges: merges.slice(0, 40) } });
  expect(Tokenizer.fromJSON(fair).tokenToId(name(5999))).toBe(5999);
});

describe("vocab.json and merges.txt", () => {
  const { vocab, merges } = base.model;
  const lines = merges.map((merge) => (merge as string[]).join(" "));
  const document = readTokenizerJson(trained.toJSON()).document;
  const expected = contentsOf(readTokenizerJson(trained.toJSON()));
  it.each<[string, string]>([
    ["with a version", `#version: 0.2\n${lines.join("\n")}\n`],
    ["without one", `${lines.join("\n")}\n`],
    ["without an end of the last line", lines.join("\n")],
    ["with carriage returns", `#version: 0.2\r\n${lines.join("\r\n")}\r\n`],
    ["with empty lines", `\n\r\n${lines.join("\n\n")}\n\n\r`],
  ])("%s", (_, text) => {
    for (const json of [JSON.stringify(vocab), escaped(JSON.stringify(vocab, null, 1))]) {
      for (const [first, second] of [[json, text], [bytesOf(json), bytesOf(text)]] as const) {
        const file = readPair(first, second, (idOf) => (expect(idOf("a")).toBe(vocab.a), document), 0);
        expect(file?.ids).toBeInstanceOf(TokenTable);
        expect(contentsOf(file!)).toEqual(expected);
      }
    }
  });

  it.each<[string, string, string]>([
    ["a line of one token", JSON.stringify(vocab), "a"],
    ["a line of three", JSON.stringify(vocab), "a b c"],
    ["an unknown token", JSON.stringify(vocab), "a nowhere"],
    ["a carriage return within a line", JSON.stringify(vocab), "a\rb c"],
    ["a list", JSON.stringify(Object.keys(vocab)), "a b"],
    ["something after the end", `${JSON.stringify(vocab)} 1`, "a b"],
    ["a lone surrogate for U+FFFD", JSON.stringify({ ...vocab, "\ufffd": 800, "a\ufffd": 801 }), "a \ud800"],
  ])("are left alone with %s", (_, json, text) => {
    expect(readPair(json, text, () => document, 0)).toBeUndefined();
  });
});

describe("without WebAssembly", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("the reader of JSON does everything", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(compare(trained.toJSON())).toBe(false);
  });
});
