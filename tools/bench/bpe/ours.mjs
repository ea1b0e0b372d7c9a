// One run of our side; called by bench.mjs. The tokenizer that is timed was read from its file, as on the other side.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer, trainBpe } from "@llm/bpe";

const [folder, vocabSize] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(join(folder, "texts.json"), "utf8"));
const figures = {};
const timed = async (name, work) => {
  const started = performance.now();
  const result = await work();
  figures[`${name} ours`] = (performance.now() - started) / 1000;
  return result;
};
const trained = await timed("train", () => trainBpe(texts, { vocabSize: Number(vocabSize) }));
const json = trained.toJSON();
const tokenizer = Tokenizer.fromJSON(json);
const encodeAll = () => texts.map((text) => tokenizer.encode(text, { special: "parse" }).ids);
await timed("cold", encodeAll);
const ids = await timed("warm", encodeAll);
await timed("decode", () => ids.map((list) => tokenizer.decode(list)));
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
console.log(JSON.stringify({ ...figures, digests: { file: sha256(json), ids: sha256(ids.map((list) => list.join(" ")).join("\n")) } }));
