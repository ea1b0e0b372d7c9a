import { LocalLinter } from "harper.js";
import { binaryInlined } from "harper.js/binaryInlined";
import { describe, expect, it } from "vitest";
import { sampleCorpus } from "./corpus.js";
import { article } from "./grammar.js";

const corpus = sampleCorpus({ documents: 4000, chats: 4000, seed: 11 });
const documents = [...corpus.documents].map((document) => document.text);
const replies = [...corpus.chats].flatMap((chat) => chat.messages!.filter((message) => message.role === "assistant").map((message) => message.content));
const texts = [...documents, ...replies];

/** Lints of the independent checker for each thousand words; every rule of its default set is on. */
async function lintRate(samples: readonly string[]): Promise<{ rate: number; found: string[] }> {
  const linter = new LocalLinter({ binary: binaryInlined });
  await linter.setup();
  const found: string[] = [];
  let words = 0;
  for (let at = 0; at < samples.length; at += 50) {
    const text = samples.slice(at, at + 50).join("\n\n");
    words += text.split(/\s+/).length;
    for (const lint of await linter.lint(text, { language: "plaintext" })) {
      const { start, end } = lint.span();
      found.push(`${lint.message()} … ${text.slice(Math.max(0, start - 40), end + 20)}`);
    }
  }
  return { rate: (found.length / words) * 1000, found };
}

describe("the corpus as text", () => {
  it("passes an independent grammar checker with next to no finding in 400 documents and 400 replies", async () => {
    const { rate, found } = await lintRate([...documents.slice(0, 400), ...replies.slice(0, 400)]);
    expect(rate, found.join("\n")).toBeLessThanOrEqual(0.5);
  }, 240_000);

  it("is checked by a checker that does find planted mistakes", async () => {
    const { found } = await lintRate(["The fox saw a owl.", "The the hen was glad.", "The fox could of found the kite."]);
    expect(found.length).toBeGreaterThanOrEqual(3);
  }, 120_000);

  it("has no doubled space, unfilled slot, missing value, or space before a mark", () => {
    for (const text of texts) expect(text).not.toMatch(/ {2}|[{}[\]|_]|undefined| [.,?!]|[.,]{2}|,\.|\b(\w+) \1\b(?<!had had|that that)/);
  });

  it("has a or an right everywhere", () => {
    for (const text of texts) for (const [, found, word] of text.matchAll(/\b([Aa]n?) ([A-Za-z]+)/g)) expect(`${found!.toLowerCase()} ${word}`, text).toBe(`${article(word!)} ${word}`);
  });

  it("balances quotation marks and ends each paragraph as a sentence", () => {
    for (const text of texts) {
      expect(text.split("\"").length % 2, text).toBe(1);
      for (const line of text.split("\n")) expect(line).toMatch(/^["A-Z].*[.!?]"?$/);
      // Speech opens after a space or at the start and closes after a mark.
      for (const [at, part] of text.split("\"").entries()) if (at % 2 === 1) expect(part, text).toMatch(/^(?:[A-Z]|but |and ).*[.,!?]$/s);
    }
  });

  it("starts every sentence with a capital", () => {
    for (const text of texts) expect(text, text).not.toMatch(/[a-z]\. [a-z]/);
  });

  it("agrees in number: no singular subject with a plural verb, no plural with a singular one", () => {
    for (const text of texts) {
      expect(text).not.toMatch(/\b(?:[Hh]e|[Ss]he|[Ii]t|[Tt]he \w+) (?:have|do|eat|live|make|go) (?!you|I|we)(?<!(?:does|did|can|could|will|would|to|let|and|help|helped|make|made|saw|heard) (?:the )?\w+ (?:have|do|eat|live|make|go) )/);
      expect(text).not.toMatch(/\b(?:They|We|I|You) (?:has|does|is|was(?<!I was)) /);
    }
  });

  it("names each subject in the answers and stays within 120 words", () => {
    for (const reply of replies) expect(reply.split(/\s+/).length, reply).toBeLessThanOrEqual(122);
  });

  it("keeps to a small vocabulary that is in use", () => {
    const forms = new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z]+/g) ?? []));
    expect(forms.size).toBeGreaterThan(1500);
    expect(forms.size).toBeLessThan(2600);
  });
});
