// One run of our side; called by bench.mjs.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NearDuplicateIndex, cleanDocuments } from "@llm/dataset";

const warm = Number(process.argv[3]);
const all = JSON.parse(readFileSync(process.argv[2], "utf8")).map((text, index) => ({ id: String(index - warm), text }));
const [others, documents] = [all.slice(0, warm), all.slice(warm)];
const figures = {};
const clock = () => {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  return (name) => {
    const used = process.cpuUsage(cpu);
    figures[name] = [(performance.now() - started) / 1000, (used.user + used.system) / 1e6];
  };
};
const verdicts = new Array(documents.length).fill(null);
const filters = { set: "fineweb", compat: "datatrove" };
let stop;
/** One run over all: the clock starts behind the others. */
function* source() {
  yield* others;
  stop = clock();
  yield* documents;
}
const take = (id, verdict) => Number(id) >= 0 && (verdicts[Number(id)] = verdict);
for await (const { id, text } of cleanDocuments(source(), { filters, minCharacters: 0, language: null, deduplicate: false, onReject: ({ id: lost }, reason) => take(lost, [reason]) })) take(id, text);
stop("filters");
const deduplicate = async (list) => {
  const folder = mkdtempSync(join(tmpdir(), "dataset-bench-"));
  const index = await NearDuplicateIndex.create(folder);
  for (const document of list) await index.add(document);
  await index.clusters();
  await index.close();
  rmSync(folder, { recursive: true });
};
await deduplicate(others);
stop = clock();
await deduplicate(documents);
stop("minhash");
const sha256 = (value) => createHash("sha256").update(typeof value === "string" ? value : JSON.stringify(value)).digest("hex").slice(0, 16);
console.log(JSON.stringify({ figures, verdicts: verdicts.map((verdict) => (typeof verdict === "string" ? sha256(verdict) : verdict[0])) }));
