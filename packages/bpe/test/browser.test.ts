import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import * as library from "@llm/bpe";
import { inChromium } from "./chromium.js";
import { golden, type EncodeGolden, type SplitGolden } from "./goldens.js";
import { prose, unicodeMix } from "./texts.js";

const { cases, garbage, decoded, variants } = golden<EncodeGolden>("encode");
const texts = [...golden<SplitGolden>("splits").texts, ...prose(9, 12), ...unicodeMix(10, 40)];
const batch = ["How are you?", "Hi", "世界 👋🏽", ""];

/** Runs in Node and, as text, in the page: whatever it needs comes in through its parameters. */
const work = async (bpe: Pick<typeof library, "Tokenizer" | "trainBpe">, { json, texts, garbage, variants, batch, corpus }: Input): Promise<unknown> => {
  const tokenizer = bpe.Tokenizer.fromJSON(json);
  const model = (JSON.parse(json) as { model: object }).model;
  const stream = (ids: readonly number[]): string => {
    const decoder = tokenizer.decodeStream();
    return ids.map((id) => decoder.push(id)).join("") + decoder.end();
  };
  const { ids, attentionMask, shape } = tokenizer.encodeBatch(batch, { addSpecialTokens: true, padSide: "left", padToMultipleOf: 4 });
  return {
    cases: texts.map((text) => ({ parse: tokenizer.encodeIds(text, { special: "parse" }), text: tokenizer.encodeIds(text) })),
    decoded: garbage.map((ids) => [tokenizer.decode(ids), tokenizer.decode(ids, { skipSpecialTokens: false }), stream(ids)]),
    variants: variants.map(({ file, texts }) => {
      const other = bpe.Tokenizer.fromJSON({ ...file, model });
      return texts.map((text) => {
        const { ids, tokens, offsets } = other.encodeAsSaved(text);
        return { ids: Array.from(ids), tokens, offsets: Array.from(offsets) };
      });
    }),
    batch: { ids: Array.from(ids), attentionMask: Array.from(attentionMask), shape },
    json: tokenizer.toJSON(),
    trained: (await bpe.trainBpe(corpus, { vocabSize: 400 })).toJSON(),
  };
};

interface Input {
  json: string;
  texts: string[];
  garbage: number[][];
  variants: { file: object; texts: string[] }[];
  batch: string[];
  corpus: string[];
}

interface Output {
  page: { agent: string; node: string[]; core: number[][] };
  result: { cases: { parse: number[]; text: number[] }[]; decoded: string[][]; variants: { ids: number[] }[][]; json: string };
}

const page = `<!doctype html><script type="module">
const post = (body) => fetch("/done", { method: "POST", body: JSON.stringify(body) });
addEventListener("error", (event) => post({ error: event.message }));
try {
  const bpe = await import("/index.js");
  const work = ${work.toString()};
  const input = await (await fetch("/input")).json();
  const result = await work(bpe, input);
  const { Tokenizer } = await import("/core.js");
  const small = Tokenizer.fromJSON(input.json);
  const core = input.texts.map((text) => small.encodeIds(text, { special: "parse" }));
  const node = ["process", "Buffer", "require", "global", "setImmediate"].filter((name) => name in globalThis);
  await post({ page: { agent: navigator.userAgent, node, core }, result });
} catch (error) {
  await post({ error: String(error?.stack ?? error) });
}
</script>`;

let input: Input;
let output: Output;
beforeAll(async () => {
  const tokenizer = await library.trainBpe(prose(1, 4000), { vocabSize: 2048 });
  input = { json: tokenizer.toJSON(), texts, garbage, variants, batch, corpus: prose(3, 200) };
  // A lone surrogate does not survive UTF-8, so it travels as an escape.
  const escaped = JSON.stringify(input).replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const got = JSON.parse(await inChromium(fileURLToPath(new URL("../dist", import.meta.url)), page, escaped)) as Output & { error?: string };
  if (got.error !== undefined) throw new Error(`The page failed: ${got.error}`);
  output = got;
}, 120_000);

test("the built package runs in Chromium, where nothing of Node is", () => {
  expect(output.page.agent).toMatch(/Chrome\/\d+/);
  expect(output.page.node).toEqual([]);
});

test("a browser gives the oracle's ids and texts", () => {
  expect(output.result.cases).toEqual(cases.map(({ parse, text }) => ({ parse, text: text ?? parse })));
  expect(output.result.decoded.map(([clean, all]) => [clean, all])).toEqual(decoded);
  expect(output.result.decoded.map(([, , stream]) => stream)).toEqual(decoded.map(([clean]) => clean));
  expect(output.result.variants.map((probes) => probes.map(({ ids }) => ids))).toEqual(variants.map(({ ids }) => ids));
  expect(output.result.json).toBe(input.json);
  expect(output.page.core).toEqual(cases.map(({ parse }) => parse));
});

test("a browser gives what Node gives: offsets, batches and a trained tokenizer too", async () => {
  expect(output.result).toEqual(JSON.parse(JSON.stringify(await work(library, input))));
});
