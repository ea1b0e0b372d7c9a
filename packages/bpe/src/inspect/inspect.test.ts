import { beforeAll, describe, expect, it } from "vitest";
import { Tokenizer } from "../tokenizer.js";
import { trainBpe } from "../train/train.js";
import { compareOnTexts, compareVocabularies } from "./compare.js";
import { drawTree, findToken, mergeTree, type MergeTree } from "./merge-tree.js";
import { showToken, tokenPieces } from "./pieces.js";
import { StatisticsCounter } from "./statistics.js";

const texts = ["the cat and the hat", "a thin mother, then another", "é世界😀 é世界", "the\nend\u001b[31m\t\u0085\ufffd", ""];
let tokenizer: Tokenizer;
beforeAll(async () => void (tokenizer = await trainBpe([...texts, ...texts], { vocabSize: 302 })));

const leaves = ({ token, parts }: MergeTree): string => (parts ? parts.map(leaves).join("") : token);

describe("mergeTree", () => {
  it("spells every token, from merges of falling rank down to bytes", () => {
    const check = (tree: MergeTree): void => {
      expect(tree.id).toBe(tokenizer.tokenToId(tree.token));
      expect(leaves(tree)).toBe(tree.token);
      for (const part of tree.parts ?? []) {
        expect(part.rank ?? -1).toBeLessThan(tree.rank!);
        check(part);
      }
      if (!tree.parts && tree.id >= 8) expect(tokenizer.tokenBytes(tree.id)).toHaveLength(1);
    };
    for (let id = 0; id < tokenizer.vocabSize; id++) check(mergeTree(tokenizer, id));
  });

  it("is drawn with a line for each part", () => {
    const tree = mergeTree(tokenizer, findToken(tokenizer, " the"));
    const lines = drawTree(tree, ({ token }) => token);
    expect(lines[0]).toBe("Ġthe");
    expect(lines.map((line) => line.replace(/^[├└│─ ]+/, "")).filter((token) => token.length === 1).join("")).toBe("Ġthe");
  });

  it("finds a token by its name, its text and its id, and says so where there is none", () => {
    const id = tokenizer.tokenToId("Ġthe")!;
    expect(["Ġthe", " the", `#${id}`].map((wanted) => findToken(tokenizer, wanted))).toEqual([id, id, id]);
    expect(findToken(tokenizer, "#")).toBe(tokenizer.tokenToId("#"));
    for (const wanted of ["nowhere", "#9999", ""]) expect(() => findToken(tokenizer, wanted)).toThrow("is not one token of this vocabulary of 302");
  });
});

describe("tokenPieces", () => {
  it("shows whole characters as they are, parts of them and what moves the cursor as escapes", async () => {
    const shown = (text: string): string => tokenPieces(tokenizer, text).map((piece) => piece.text).join("");
    for (const text of ["the cat", "é世界😀", " \u00a0"]) expect(shown(text).replace(/\\x([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))).toBe(shown(text).includes("\\x") ? Buffer.from(text).toString("latin1") : text);
    expect(shown("a\n\r\tb\u001b[0m\u0000\u007f")).toBe("a\\n\\r\\tb\\x1B[0m\\x00\\x7F");
    expect(tokenPieces(tokenizer, "a<s>").at(-1)).toEqual({ id: 0, token: "<s>", text: "<s>" });
    const whole = await trainBpe(["\ufffd\ufffd", "世世", "\u0085\u0085"], { vocabSize: 400, minFrequency: 1 });
    const last = (text: string): string => showToken(whole, whole.encodeIds(text)[0]!);
    expect([last("\ufffd\ufffd"), last("世世"), last("\u0085\u0085")]).toEqual(["\ufffd\ufffd", "世世", "\\xC2\\x85\\xC2\\x85"]);
  });
});

describe("StatisticsCounter", () => {
  it("agrees with counting by hand", () => {
    const counter = new StatisticsCounter(tokenizer);
    const some = [...texts, "lone \ud800 and \udc00\ud800\udc00", "<s>"];
    for (const text of some) counter.add(text);
    const ids = some.map((text) => tokenizer.encodeIds(text));
    const flat = ids.flat();
    const lengths = ids.map((list) => list.length).sort((a, b) => a - b);
    const result = counter.result(3);
    expect(result).toMatchObject({
      documents: some.length,
      bytes: Buffer.byteLength(some.join("")),
      characters: some.reduce((sum, text) => sum + [...text].length, 0),
      tokens: flat.length,
      bytesPerToken: Buffer.byteLength(some.join("")) / flat.length,
      tokensPerDocument: { mean: flat.length / some.length, median: lengths[3], most: lengths.at(-1), p99: lengths.at(-1) },
      used: new Set(flat).size,
      usedShare: new Set(flat).size / 302,
      unknown: 0,
    });
    expect(result.singleByteShare).toBeCloseTo(flat.filter((id) => tokenizer.tokenBytes(id)!.length === 1).length / flat.length, 12);
    const counts = new Map<number, number>();
    for (const id of flat) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect(result.frequent).toEqual([...counts].map(([id, count]) => ({ id, count })).sort((a, b) => b.count - a.count || a.id - b.id).slice(0, 3));
  });

  it("has no division by nothing", () => {
    expect(new StatisticsCounter(tokenizer).result()).toMatchObject({ documents: 0, tokens: 0, bytesPerToken: 0, tokensPerDocument: { mean: 0, median: 0, most: 0 }, frequent: [] });
  });
});

describe("compare", () => {
  it("finds a tokenizer equal to itself", async () => {
    const same = Tokenizer.fromJSON(tokenizer.toJSON());
    expect(compareVocabularies(tokenizer, same)).toMatchObject({ identical: true, sharedTokens: 302, sameId: 302, firstDifferentMerge: undefined, differentParts: [] });
    expect(await compareOnTexts(tokenizer, same, texts)).toMatchObject({ sameCuts: 1, words: [] });
  });

  it("says what differs, and which words cost", async () => {
    const other = await trainBpe([...texts, ...texts], { vocabSize: 290, specialTokens: ["<s>", "</s>", "<new>"], addPrefixSpace: true });
    const result = compareVocabularies(tokenizer, other);
    expect(result).toMatchObject({ identical: false, vocabSize: [302, 290], differentParts: ["pre_tokenizer"], addedTokens: { onlyInB: ["<new>"], different: ["</s>"] } });
    expect(result.addedTokens.onlyInA).toHaveLength(6);
    expect(result.sharedTokens + result.onlyInA.tokens).toBe(302);
    expect(result.sharedTokens + result.onlyInB.tokens).toBe(290);
    const larger = await trainBpe([...texts, ...texts], { vocabSize: 300 });
    expect(compareVocabularies(larger, tokenizer)).toMatchObject({ sharedMerges: 36, firstDifferentMerge: 36, onlyInA: { tokens: 0 } });
    const { a, b, words, sameCuts } = await compareOnTexts(larger, tokenizer, texts);
    expect(a.tokens - b.tokens).toBe(words.reduce((sum, { saved }) => sum + saved, 0));
    expect(words.every(({ count, a: first, b: second, saved }) => saved === (first - second) * count && saved > 0)).toBe(true);
    expect(sameCuts).toBeLessThan(1);
  });
});
