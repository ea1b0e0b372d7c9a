import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TokenizerInfo, SeededRandom, ShardSetWriter, chatText, readDocuments, sha256Hex, traceToken, writeParquet } from "@llm/dataset";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hubServer, keepEnvironment } from "./hub-server.js";
import { root } from "./python.js";
import { all, temporaryFolder } from "./temporary.js";

// A byte-level vocabulary: a token for each byte, written as GPT-2 writes it, and one of three bytes that ends in the middle of a character.
const characters = Array.from({ length: 256 }, (_, byte) => byte).reduce<{ list: string[]; others: number }>(
  ({ list, others }, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return { list: [...list, String.fromCharCode(printable ? byte : 256 + others)], others: others + (printable ? 0 : 1) };
  },
  { list: [], others: 0 },
).list;
const THREE = Buffer.from("né").subarray(0, 2);
const json = JSON.stringify({
  model: { type: "BPE", vocab: Object.fromEntries([...characters.map((char, byte) => [char, byte + 8]), [[...THREE].map((byte) => characters[byte]).join(""), 264]]) },
  decoder: { type: "ByteLevel" },
  added_tokens: ["<s>", "<pad>", "</s>", "<user>", "<assistant>"].map((content, id) => ({ id, content, special: true })),
});
const info: TokenizerInfo = { sha256: sha256Hex(json), vocabSize: 265, bos: 0, eos: 2, pad: 1, special: { "<s>": 0, "<pad>": 1, "</s>": 2 } };
const encode = (text: string): number[] => {
  const ids: number[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at++) ids.push(bytes[at] === THREE[0] && bytes[at + 1] === THREE[1] ? (at++, 264) : bytes[at]! + 8);
  return ids;
};

/** Shards of the documents of a source, with the tokenizer beside them. `change` is what cleaning made of a text. */
async function shardsOf(source: string, out: string, change = (text: string): string => text, provenance: boolean | "rows" = "rows"): Promise<string> {
  const writer = await ShardSetWriter.create(out, { tokenizer: info, dtype: "u16", lossMask: false, fingerprint: "x", provenance, maxTokensPerShard: 5_000 });
  for await (const { text, messages, id, url, source_file: file, source_row: row } of readDocuments(source)) {
    const tokens = messages ? [0, ...messages.flatMap(({ role, content }) => [role === "user" ? 3 : 4, ...encode(content), ...(role === "user" ? [] : [2])])] : [0, ...encode(change(text)), 2];
    await writer.add("train", { tokens, textBytes: Buffer.byteLength(text), source: { file: file!, row: row!, id, ...(url ? { url } : {}) } });
  }
  await writer.finish();
  await writeFile(join(out, "tokenizer.json"), json);
  return out;
}

const words = ["né", "wörter", "🦊", "and", "more", "of", "them", "日本", "\n"];
const textOf = (random: SeededRandom): string => Array.from({ length: 5 + random.below(60) }, () => words[random.below(words.length)]!).join(" ");

let restore: () => void;
beforeEach(() => (restore = keepEnvironment()));
afterEach(() => restore());

test("every token leads to its character in the row that it is from, in every kind of file", async () => {
  const folder = await temporaryFolder();
  const source = join(folder, "source");
  await mkdir(source);
  const random = new SeededRandom(4);
  const rows = Array.from({ length: 60 }, (_, i) => ({ text: textOf(random), id: `id ${i}`, url: `https://example.org/${i}` }));
  await writeParquet(join(source, "a.parquet"), rows.slice(0, 20).map((row, i) => ({ ...row, source_file: join(folder, "first/f.jsonl"), source_row: 2 * i })), { rowGroupSize: 7 });
  await mkdir(join(folder, "first"));
  await writeFile(join(folder, "first/f.jsonl"), rows.slice(0, 20).flatMap((row) => [JSON.stringify(row), JSON.stringify({ text: "other" })]).join("\n"));
  await writeParquet(join(source, "b.parquet"), rows.slice(20, 40), { rowGroupSize: 7 });
  await writeFile(join(source, "c.jsonl"), rows.slice(40, 50).map((row) => JSON.stringify(row)).join("\n\n"));
  await writeFile(join(source, "d.txt"), rows.slice(50).map(({ text }) => text).join("\f"));
  const shards = await shardsOf(source, join(folder, "shards"));
  const documents = await all(readDocuments(source));
  let token = 0;
  for (const [index, { text, url }] of documents.entries()) {
    const ids = [0, ...encode(text), 2];
    for (const offset of [0, 1 + random.below(ids.length - 2), ids.length - 1]) {
      const found = await traceToken(shards, { token: token + offset, context: 12 });
      expect(found).toMatchObject({ document: index, offset, id: ids[offset], tokens: ids.length });
      expect(found.original).toMatchObject({ match: "same", characters: text.length });
      expect(found.source!.url).toBe(url);
      // Bytes of the text in front of the token, up to the character that it is in.
      const before = Buffer.concat(ids.slice(1, Math.max(1, offset)).map((id) => (id === 264 ? THREE : Buffer.of(id - 8))));
      const { at, text: shown } = found.original!;
      expect(Buffer.byteLength(text.slice(0, at)) - before.length).toBeLessThanOrEqual(0);
      expect(Buffer.byteLength(text.slice(0, at)) - before.length).toBeGreaterThan(-4);
      expect(text.slice(Math.max(0, at! - 12), at! + shown.token.length + 12)).toBe(shown.before + shown.token + shown.after);
      expect(found.text).toEqual(shown);
      expect(shown.token.includes("\uFFFD")).toBe(false);
      expect(shown.token === "").toBe(offset === 0 || offset === ids.length - 1);
    }
    token += ids.length;
  }
  expect((await traceToken(shards, { document: 3 })).source).toEqual({ file: join(folder, "first/f.jsonl"), row: 6, id: "id 3", url: "https://example.org/3" });
  await expect(traceToken(shards, { token })).rejects.toThrow(/There is no token/);
  await expect(traceToken(shards, {})).rejects.toThrow(/which token/);
});

test("a text that was cleaned, another file, none, and chats", async () => {
  const folder = await temporaryFolder();
  const source = join(folder, "a.jsonl");
  const messages = [{ role: "user", content: "What é?" }, { role: "assistant", content: "That." }] as const;
  await writeFile(source, [{ text: `${"Some words to begin with. ".repeat(9)}Write to me@example.org now. ${"And words to end it all. ".repeat(9)}` }, { messages }].map((row) => JSON.stringify(row)).join("\n"));
  const shards = await shardsOf(source, join(folder, "shards"), (text) => text.replace("me@example.org", "firstname@example.com"));
  const chat = await traceToken(shards, { document: 1 });
  expect(chat).toMatchObject({ offset: 2, original: { match: "same", at: 0, characters: chatText(messages).length, text: { token: "W" } } });
  const reply = await traceToken(shards, { token: chat.token + 9 + 1 });
  expect(reply.original).toMatchObject({ match: "same", text: { before: "What é?\nT", token: "h" } });
  // Far from what was changed, in front of it and behind it, and within it.
  expect((await traceToken(shards, { token: 10 })).original).toMatchObject({ match: "passage", at: 9 });
  expect((await traceToken(shards, { token: 301 })).original).toMatchObject({ match: "passage", at: 300 - "firstname@example.com".length + "me@example.org".length });
  expect((await traceToken(shards, { token: 240 })).original).toMatchObject({ match: "other", text: { before: "", token: "" } });
  await writeFile(source, "{\"text\": \"Another one.\"}");
  expect((await traceToken(shards, { token: 10 })).original).toMatchObject({ match: "other", text: { after: "Another one." } });
  expect(await traceToken(shards, { document: 1 })).toMatchObject({ original: null, reason: expect.stringMatching(/has no row 1: it is another file/) as string });
  await rm(source);
  expect(await traceToken(shards, { token: 10 })).toMatchObject({ original: null, source: { file: source, row: 0 }, reason: expect.stringMatching(/does not exist/) as string });
  await writeFile(join(folder, "none.txt"), "A text.");
  const silent = await shardsOf(join(folder, "none.txt"), join(folder, "silent"), undefined, false);
  expect(await traceToken(silent, { token: 2 })).toMatchObject({ source: null, text: { before: "A", token: " ", after: "text." }, reason: expect.stringMatching(/--provenance/) as string });
});

test("a file on a server, and one that was downloaded; on the command line", { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  const { endpoint } = await hubServer({ "data/b.jsonl": Buffer.from(`${JSON.stringify({ text: "from the hub", id: "7", url: "https://example.org/" })}\n`) });
  const url = `${endpoint}/datasets/owner/name/resolve/main/data/b.jsonl`;
  for (const source of ["hf://datasets/owner/name/data", url]) {
    const shards = await shardsOf(source, join(folder, source === url ? "web" : "hub"));
    const file = source === url ? url : "hf://datasets/owner/name/data/b.jsonl";
    expect(await traceToken(shards, { token: 6 })).toMatchObject({ source: { file, row: 0 }, fileUrl: file, original: null, reason: expect.stringMatching(/--fetch/) as string });
    expect(await traceToken(shards, { token: 6, fetch: true })).toMatchObject({ source: { url: "https://example.org/" }, original: { match: "same", at: 5, text: { before: "from ", token: "t" } } });
  }
  await mkdir(join(folder, "got/data"), { recursive: true });
  await writeFile(join(folder, "got/download.json"), JSON.stringify({ format: "llm-dataset-download", version: 1, files: [{ file: "data/b.jsonl", url: "https://server/b.jsonl" }] }));
  await writeFile(join(folder, "got/data/b.jsonl"), JSON.stringify({ text: "here" }));
  const shards = await shardsOf(join(folder, "got"), join(folder, "shards"));
  expect(await traceToken(shards, { token: 1 })).toMatchObject({ fileUrl: "https://server/b.jsonl", original: { match: "same" } });
  const cli = (...args: string[]): string => execFileSync(process.execPath, [join(root, "packages/dataset/bin/llm-dataset.js"), "trace", shards, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  expect(JSON.parse(cli("--token", "2", "--json"))).toEqual(JSON.parse(JSON.stringify(await traceToken(shards, { token: 2 }))));
  expect(() => cli()).toThrow(/Give either --token or --document/);
});
