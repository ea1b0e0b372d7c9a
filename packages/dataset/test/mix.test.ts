import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, type Message, type Mixture, type MixtureCount, mixDocuments, readDocuments, readMixture, sampleDocuments, writeJsonl } from "@llm/dataset";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { root } from "./python.js";
import { all, temporaryFolder } from "./temporary.js";

/** `count` documents of `length` bytes, whose ids begin with the source's name. */
const documentsOf = (name: string, count: number, length = 10): Document[] => Array.from({ length: count }, (_, i) => ({ text: name.padEnd(length, "x"), id: `${name}${i}` }));
const from = (sources: Record<string, Document[]>) => ({ open: ({ name }: { name: string }) => sources[name]! });
const named = (ids: readonly Document[]): string[] => ids.map(({ id }) => id);
const mix = (mixture: Mixture, sources: Record<string, Document[]>): Promise<Document[]> => all(mixDocuments(mixture, from(sources)));

describe("mixtures", () => {
  test("every beginning has the shares, to within a document of each source", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ weight: fc.integer({ min: 1, max: 20 }), length: fc.integer({ min: 1, max: 30 }) }), { minLength: 1, maxLength: 5 }), fc.constantFrom("bytes" as const, "documents" as const), async (parts, unit) => {
        const sources = Object.fromEntries(parts.map(({ length }, index) => [`s${index}`, documentsOf(`s${index}`, 60, Math.max(2, length))]));
        const mixture: Mixture = { unit, sources: parts.map(({ weight }, index) => ({ name: `s${index}`, source: "-", weight })) };
        const taken = await mix(mixture, sources);
        expect(named(await mix(mixture, sources))).toEqual(named(taken));
        const weights = parts.reduce((sum, { weight }) => sum + weight, 0);
        const size = (document: Document): number => (unit === "bytes" ? document.text.length : 1);
        const largest = Math.max(...taken.map(size), 1);
        const have = parts.map(() => 0);
        let total = 0;
        for (const document of taken) {
          have[Number(document.text[1])]! += size(document);
          total += size(document);
          for (const [index, { weight }] of parts.entries()) expect(Math.abs(have[index]! - (total * weight) / weights)).toBeLessThanOrEqual(largest * parts.length);
        }
        // The first source that runs out ends it.
        expect(taken.length).toBeGreaterThanOrEqual(60);
      }),
      { numRuns: 40 },
    );
  });

  test("exact counts: 3 to 1 by documents, and what goes on where the first source has ended", async () => {
    const sources = { a: documentsOf("a", 9), b: documentsOf("b", 9) };
    const parts = [{ name: "a", source: "-", weight: 3 }, { name: "b", source: "-", weight: 1 }];
    expect(named(await mix({ unit: "documents", sources: parts }, sources))).toEqual(["a0", "b0", "a1", "a2", "a3", "b1", "a4", "a5", "a6", "b2", "a7", "a8"]);
    expect(await mix({ unit: "documents", sources: parts, stop: "all" }, sources)).toHaveLength(18);
  });

  test("epochs: whole passes in order, and a part of the last by seed", async () => {
    const sources = { a: documentsOf("a", 400) };
    const ids = async (epochs: number, seed = 0): Promise<string[]> => named(await mix({ sources: [{ name: "a", source: "-", epochs }], seed }, sources));
    expect(await ids(2)).toEqual([...named(sources.a), ...named(sources.a)]);
    const part = (await ids(2.25)).slice(800);
    expect(part.length).toBeGreaterThan(70);
    expect(part.length).toBeLessThan(130);
    expect(new Set(part).size).toBe(part.length);
    expect((await ids(2.25)).slice(800)).toEqual(part);
    expect((await ids(2.25, 1)).slice(800)).not.toEqual(part);
    expect(await all(mixDocuments({ sources: [{ name: "a", source: "-", epochs: 3 }] }, { open: () => [] }))).toEqual([]);
  });

  test("a curriculum: stages with weights of their own, sources going on where they were", async () => {
    const sources = { web: documentsOf("web", 100), book: documentsOf("book", 100) };
    let counts: readonly MixtureCount[] = [];
    const mixture: Mixture = { unit: "documents", sources: [{ name: "web", source: "-" }, { name: "book", source: "-" }], stages: [{ amount: 20, weights: { web: 1 } }, { amount: 40, weights: { web: 1, book: 3 } }, { weights: { book: 1 } }] };
    const taken = named(await all(mixDocuments(mixture, { ...from(sources), onProgress: (now) => (counts = now) })));
    expect(taken.slice(0, 20)).toEqual(named(sources.web).slice(0, 20));
    expect(taken.slice(20, 60).filter((id) => id.startsWith("web"))).toEqual(named(sources.web).slice(20, 30));
    expect(taken.slice(60)).toEqual(named(sources.book).slice(30));
    expect(counts.map(({ name, documents, epochs }) => [name, documents, epochs])).toEqual([["web", 30, 1], ["book", 100, 1]]);
  });

  test("a file of JSON, with paths beside it; without weights the sources end together", async () => {
    const folder = await temporaryFolder();
    await writeJsonl(join(folder, "a.jsonl"), documentsOf("a", 300));
    await writeJsonl(join(folder, "b.jsonl"), documentsOf("b", 100));
    await writeFile(join(folder, "mix.json"), JSON.stringify({ sources: [{ name: "a", source: "a.jsonl" }, { name: "b", source: ["b.jsonl"] }] }));
    const taken = named(await all(mixDocuments(await readMixture(join(folder, "mix.json")))));
    expect(taken).toHaveLength(400);
    for (const at of [100, 200, 300]) expect(Math.abs(taken.slice(0, at).filter((id) => id.startsWith("b")).length - at / 4)).toBeLessThan(5);
  });

  test.each<[unknown, RegExp]>([
    [{ sources: [] }, /"sources" must be a list/],
    [{ sources: [{ name: "a", source: "x" }, { name: "a", source: "y" }] }, /"name" of its own; found "a"/],
    [{ sources: [{ name: "a", source: "x", weight: 1 }, { name: "b", source: "y" }] }, /some sources have a weight and others have none/],
    [{ sources: [{ name: "a", source: "x", weight: -1 }] }, /the weight of a is -1/],
    [{ sources: [{ name: "a", source: "x", epochs: 0 }] }, /the epochs of a are 0/],
    [{ sources: [{ name: "a", source: "x" }], stages: [{ weights: { b: 1 } }] }, /stage 0 weighs "b"/],
    [{ sources: [{ name: "a", source: "x" }], stages: [{ weights: { a: 1 } }, { weights: { a: 1 } }] }, /stage 0 needs an "amount"/],
    [[], /"sources" must be a list/],
  ])("%j is refused", async (mixture, message) => {
    const path = join(await temporaryFolder(), "mix.json");
    await writeFile(path, JSON.stringify(mixture));
    await expect(readMixture(path)).rejects.toThrow(message);
  });
});

describe("chats in the forms that data sets have", () => {
  const user = (content: string): Message => ({ role: "user", content });
  const assistant = (content: string): Message => ({ role: "assistant", content });
  const system = (content: string): Message => ({ role: "system", content });

  test.each<[string, object, Message[] | undefined]>([
    ["OpenAI", { messages: [{ role: "developer", content: "s" }, { role: "user", content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] }, { role: "assistant", content: "c" }] }, [system("s"), user("ab"), assistant("c")]],
    ["ShareGPT", { id: "1", conversations: [{ from: "human", value: "q" }, { from: "gpt", value: "a" }] }, [user("q"), assistant("a")]],
    ["ShareGPT with a system prompt beside it", { conversations: [{ from: "human", value: "q" }, { from: "gpt", value: "a" }], system: "s" }, [system("s"), user("q"), assistant("a")]],
    ["Alpaca", { instruction: "Add.", input: "1 and 2", output: "3", text: "Below is an instruction…" }, [user("Add.\n\n1 and 2"), assistant("3")]],
    ["Alpaca without input", { instruction: "Add.", input: "", output: "3" }, [user("Add."), assistant("3")]],
    ["Dolly", { instruction: "Who?", context: "It was Ada.", response: "Ada." }, [user("Who?\n\nIt was Ada."), assistant("Ada.")]],
    ["OpenOrca", { system_prompt: "s", question: "q", response: "a" }, [system("s"), user("q"), assistant("a")]],
    ["prompt and completion", { prompt: "q", completion: "a" }, [user("q"), assistant("a")]],
    ["conversational prompt and completion", { prompt: [user("q")], completion: [assistant("a")] }, [user("q"), assistant("a")]],
    ["a text that has a question beside it", { text: "t", question: "q", answer: "a" }, undefined],
  ])("%s", async (_name, row, messages) => {
    const path = join(await temporaryFolder(), "chat.jsonl");
    await writeJsonl(path, [row]);
    const [document] = await all(readDocuments(path));
    expect(document!.messages).toEqual(messages);
    if (!messages) expect(document!.text).toBe("t");
    // A seeded sample works for chats as for texts.
    expect(await all(sampleDocuments(readDocuments(path), { documents: 1, seed: 1 }))).toEqual([document]);
  });

  test("an unknown speaker is an error, and a bad document where those may be lost", async () => {
    const path = join(await temporaryFolder(), "chat.jsonl");
    await writeJsonl(path, [{ conversations: [{ from: "tool", value: "x" }] }, { conversations: [{ from: "human", value: "q" }] }]);
    await expect(all(readDocuments(path))).rejects.toThrow(/line 1: message 0 must have a "role" of system, user or assistant.*found role "tool"/);
    expect(await all(readDocuments(path, { maxLost: 0.9 }))).toHaveLength(1);
  });
});

describe("llm-dataset mix and columns by name", () => {
  const cli = (...args: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(process.execPath, [join(root, "packages/dataset/bin/llm-dataset.js"), ...args], { encoding: "utf8" });

  test("writes the mixture, says what it took, and names columns", async () => {
    const folder = await temporaryFolder();
    await writeJsonl(join(folder, "a.jsonl"), documentsOf("a", 30));
    await writeJsonl(join(folder, "b.jsonl"), Array.from({ length: 30 }, (_, i) => ({ body: `b ${i}`, key: i })));
    await writeFile(join(folder, "mix.json"), JSON.stringify({ unit: "documents", sources: [{ name: "a", source: "a.jsonl", weight: 2 }, { name: "b", source: "b.jsonl", weight: 1, columns: { text: "body" } }] }));
    const { status, stdout } = cli("mix", join(folder, "mix.json"), "--out", join(folder, "out"), "--limit", "12", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ documents: 12, taken: [{ name: "a", documents: 8 }, { name: "b", documents: 4 }] });
    expect(await all(readDocuments(join(folder, "out")))).toHaveLength(12);
    const named = cli("inspect", join(folder, "b.jsonl"), "--column", "text=body", "--column", "id=key", "--documents", "1", "--json");
    expect(JSON.parse(named.stdout)).toMatchObject({ documents: [{ text: "b 0", id: "0" }] });
    expect(cli("inspect", join(folder, "b.jsonl"), "--column", "body").status).toBe(2);
    expect(cli("mix", join(folder, "a.jsonl"), "--out", join(folder, "out")).status).toBe(1);
  });
});
