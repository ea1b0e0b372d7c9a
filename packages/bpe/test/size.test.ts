import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { describe, expect, it } from "vitest";
import * as core from "@llm/bpe/core";
import { BpeError, Tokenizer, trainBpe } from "@llm/bpe";
import { golden, type EncodeGolden } from "./goldens.js";
import { prose, unicodeMix } from "./texts.js";

/** What a browser gets of some imports: minified, with what they don't use shaken off. */
async function bundled(source: string): Promise<{ bytes: number; imports: Metafile["outputs"][string]["imports"] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    conditions: ["@llm/source"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
  });
  return { bytes: gzipSync(outputFiles[0]!.contents, { level: 9 }).length, imports: Object.values(metafile.outputs)[0]!.imports };
}

describe("the core", () => {
  it("is below 20,000 bytes gzipped, with no dependency and nothing of Node", async () => {
    const { bytes, imports } = await bundled('export * from "@llm/bpe/core";');
    expect(imports).toEqual([]);
    expect(bytes).toBeLessThan(20_000);
    // The measure works: the frozen tables and the code of encoding are in there.
    expect(bytes).toBeGreaterThan(10_000);
  });

  it("leaves the main entry free of dependencies and of Node too", async () => {
    const { bytes, imports } = await bundled('export * from "@llm/bpe";');
    expect(imports).toEqual([]);
    expect(bytes).toBeGreaterThan(20_000);
  });

  it("encodes, decodes and makes batches as the main entry does", async () => {
    const whole = await trainBpe(prose(1, 4000), { vocabSize: 2048 });
    const { model } = JSON.parse(whole.toJSON()) as { model: object };
    const texts = [...prose(9, 12), ...unicodeMix(10, 40), "<s>a</s><|user|> b"];
    let same = 0;
    for (const file of [{}, ...golden<EncodeGolden>("encode").variants.map((variant) => variant.file)]) {
      const json = JSON.stringify({ ...(JSON.parse(whole.toJSON()) as object), ...file, model });
      const full = Tokenizer.fromJSON(json);
      let small: core.Tokenizer;
      try {
        small = core.Tokenizer.fromJSON(json);
      } catch (error) {
        expect(String(error)).toMatch(/^BpeError: This tokenizer\.json has a .* that the core does not have\. Use Tokenizer of "@llm\/bpe"/);
        continue;
      }
      same++;
      for (const text of texts) {
        const ids = full.encodeIds(text, { special: "parse" });
        expect(small.encodeIds(text, { special: "parse" })).toEqual(ids);
        expect(small.encodeIds(text)).toEqual(full.encodeIds(text));
        expect(small.decode(ids, { skipSpecialTokens: false })).toBe(full.decode(ids, { skipSpecialTokens: false }));
      }
      expect(small.encodeBatch(texts, { padId: 0, maxLength: 9 })).toEqual(full.encodeBatch(texts, { padId: 0, maxLength: 9 }));
    }
    expect(same).toBeGreaterThan(3);
  });

  it("refuses by name what it does not have", async () => {
    const { model, ...rest } = JSON.parse((await trainBpe(["a b"], { vocabSize: 300, minFrequency: 1 })).toJSON()) as Record<string, object>;
    const attempt = (change: object) => (): unknown => core.Tokenizer.fromJSON({ ...rest, model, ...change });
    expect(attempt({ pre_tokenizer: { type: "Whitespace" } })).toThrow(/pre_tokenizer "Whitespace".*@llm\/bpe/);
    expect(attempt({ normalizer: { type: "Lowercase" } })).toThrow(/normalizer "Lowercase".*@llm\/bpe/);
    expect(attempt({ decoder: { type: "Fuse" } })).toThrow(/decoder "Fuse".*@llm\/bpe/);
    expect(attempt({ decoder: null })).toThrow(/decoder null.*@llm\/bpe/);
    expect(attempt({ model: { ...model, byte_fallback: true } })).toThrow(/model with byte_fallback.*@llm\/bpe/);
    expect(attempt({ decoder: { type: "Fuse" } })).toThrow(BpeError);
  });
});
