// One run of our side; called by bench.mjs.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NearDuplicateIndex, cleanDocuments } from "@llm/dataset";

const texts = JSON.parse(readFileSync(process.argv[2], "utf8"));
const documents = texts.map((text, index) => ({ id: String(index), text }));
const figures = {};
const timed = async (name, work) => {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const used = process.cpuUsage(cpu);
  figures[name] = [(performance.now() - started) / 1000, (used.user + used.system) / 1e6];
  return result;
};
const verdicts = new Array(texts.length).fill(null);
const filters = { set: "fineweb", compat: "datatrove" };
await timed("filters", async () => {
  for await (const { id, text } of cleanDocuments(documents, { filters, minCharacters: 0, language: null, deduplicate: false, onReject: ({ id: lost }, reason) => (verdicts[Number(lost)] = [reason]) })) verdicts[Number(id)] = text;
});
const folder = mkdtempSync(join(tmpdir(), "dataset-bench-"));
await timed("minhash", async () => {
  const index = await NearDuplicateIndex.create(folder);
  for (const document of documents) await index.add(document);
  await index.clusters();
  await index.close();
});
rmSync(folder, { recursive: true });
const sha256 = (value) => createHash("sha256").update(typeof value === "string" ? value : JSON.stringify(value)).digest("hex").slice(0, 16);
console.log(JSON.stringify({ figures, verdicts: verdicts.map((verdict) => (typeof verdict === "string" ? sha256(verdict) : verdict[0])) }));
