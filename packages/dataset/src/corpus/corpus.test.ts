import { describe, expect, it } from "vitest";
import { canonicalPrompt } from "./chat/input-form.js";
import { sampleCorpus } from "./corpus.js";

const SIZE = 20_000;
const corpus = sampleCorpus({ documents: SIZE, chats: SIZE, seed: 5 });
const documents = [...corpus.documents];
const chats = [...corpus.chats];

describe("sampleCorpus", () => {
  it("gives the same rows for the same seed, and others for another", () => {
    const again = sampleCorpus({ documents: 50, chats: 50, seed: 5 });
    expect([...again.documents]).toEqual(documents.slice(0, 50));
    expect([...again.chats]).toEqual(chats.slice(0, 50));
    expect(again.heldOut).toEqual(corpus.heldOut);
    const other = sampleCorpus({ documents: 50, chats: 50, seed: 6 });
    expect([...other.documents][0]!.text).not.toBe(documents[0]!.text);
    expect(other.heldOut.prompts).not.toEqual(corpus.heldOut.prompts);
  });

  it("fills FineWeb's columns with unique ids", () => {
    for (const row of [documents[0]!, chats[0]!]) expect(row).toMatchObject({ dump: "sample", language: "en", id: expect.stringMatching(/^sample\/5\//), url: expect.stringMatching(/^sample:\/\//) });
    expect(new Set([...documents, ...chats].map((row) => row.id)).size).toBe(2 * SIZE);
    for (const row of documents) expect(row.token_count).toBeGreaterThan(10);
  });

  it("repeats no document in 20,000 and few sentences", () => {
    expect(new Set(documents.map((row) => row.text)).size).toBe(SIZE);
    const sentences = documents.flatMap((row) => row.text.split(/(?<=[.!?]"?)\s/));
    expect(new Set(sentences).size / sentences.length).toBeGreaterThan(0.5);
  });

  it("mixes the kinds in about the planned shares", () => {
    const share = (kind: string) => documents.filter((row) => row.url!.includes(`://${kind}/`)).length / SIZE;
    expect(share("stories")).toBeCloseTo(0.46, 1);
    for (const kind of ["descriptions", "facts", "dialogues", "instructions"]) expect(share(kind)).toBeGreaterThan(0.03);
  });

  it("makes short stories too: a fifth has at most fifty words, nearly none more than 110", () => {
    const lengths = documents.filter((row) => row.url!.includes("stories")).map((row) => row.text.split(" ").length);
    expect(lengths.filter((length) => length <= 50).length / lengths.length).toBeGreaterThan(0.2);
    expect(lengths.filter((length) => length > 110).length / lengths.length).toBeLessThan(0.01);
  });

  it("holds out at least 300 prompts and 30 chats of several turns, and gives them away nowhere", () => {
    const { heldOut } = corpus;
    expect(heldOut.prompts.length).toBeGreaterThanOrEqual(300);
    expect(heldOut.multiTurn.length).toBeGreaterThanOrEqual(30);
    const held = new Set(heldOut.prompts.map((item) => canonicalPrompt(item.prompt)));
    expect(held.size).toBe(heldOut.prompts.length);
    for (const chat of chats) expect(held.has(canonicalPrompt(chat.messages![0]!.content)), chat.messages![0]!.content).toBe(false);
    const followed = new Set(heldOut.multiTurn.map((item) => item.messages.map((message) => canonicalPrompt(message.content)).join("|")));
    for (const chat of chats) if (chat.messages!.length > 2) expect(followed.has(chat.messages!.slice(0, -1).map((message) => canonicalPrompt(message.content)).join("|"))).toBe(false);
  });

  it("never tells a story of a held-out pair", () => {
    const pairs = new Set(corpus.heldOut.pairs.map(({ character, object }) => `${character} ${object}`));
    expect(pairs.size).toBeGreaterThan(500);
    let seen = 0;
    for (const row of [...documents, ...chats]) {
      const found = /stor(?:y|ies) (?:about|with) an? ([a-z]+) and an? ([a-z]+)\b/i.exec(row.text);
      if (found === null) continue;
      seen++;
      expect(pairs.has(`${found[1]!.toLowerCase()} ${found[2]!.toLowerCase()}`), row.text).toBe(false);
      expect(pairs.has(`${found[2]!.toLowerCase()} ${found[1]!.toLowerCase()}`), row.text).toBe(false);
    }
    expect(seen).toBeGreaterThan(2000);
  });

  it("keeps the replies of training on the subject: what is expected of a held-out reply holds for these", () => {
    for (const chat of chats.slice(0, 4000)) {
      const { content } = chat.messages![0]!;
      const asked = /story (?:about|with) an? ([a-z]+) and an? ([a-z]+)[.?]?$/i.exec(content);
      if (asked === null) continue;
      const reply = chat.messages![1]!.content;
      expect(reply).toMatch(new RegExp(`\\b${asked[1]}\\b`, "i"));
      expect(reply).toMatch(new RegExp(`\\b${asked[2]}\\b`, "i"));
    }
  });

  it("makes more than 5,000 documents in a second of processor time", () => {
    const before = process.cpuUsage();
    let letters = 0;
    for (const row of sampleCorpus({ documents: 5000, chats: 0, seed: 9 }).documents) letters += row.text.length;
    const { user, system } = process.cpuUsage(before);
    expect(letters).toBeGreaterThan(0);
    expect(5000 / ((user + system) / 1e6)).toBeGreaterThan(5000);
  });
});
