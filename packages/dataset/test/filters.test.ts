import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError, type Document, SeededRandom, prepare, readDocuments, writeJsonl } from "@llm/dataset";
import { expect, test } from "vitest";
import { all, temporaryFolder } from "./temporary.js";

const random = new SeededRandom(11);
const pick = (words: string): string => {
  const list = words.split("|");
  return list[random.below(list.length)]!;
};
const WHO = "Anna|Ben|The teacher|Her brother|The old sailor|A neighbour|The mayor|Her aunt Clara|The youngest of them|A clerk from the harbour|Some farmer|The doctor";
const DID = "carried|found|painted|remembered|followed|repaired|lost|described|hid|bought|borrowed|measured|forgot|praised|sold";
const WHICH = "quiet|heavy|narrow|broken|bright|distant|wooden|famous|empty|crooked|silver|lonely|patient|dusty";
const WHAT = "garden|basket|engine|letter|bridge|window|violin|ladder|orchard|lantern|map|kitchen|saddle|clock|boat|chapel";
const WHY = "every other day|without much joy|in plain sight|for a friend|after the war|near the harbour|with great care|by candle light|to their surprise|that same night|as before|at low tide|from memory|and left|for nothing|until noon|like a king|behind the mill|under the roof|on a bet";
const sentence = (): string => {
  const form = random.below(4);
  if (form === 0) return `${pick(WHO)} ${pick(DID)} the ${pick(WHICH)} ${pick(WHAT)} ${pick(WHY)}.`;
  if (form === 1) return `${pick("Of the|About a|Because of that|For the sake of one")} ${pick(WHAT)} ${pick("near|behind|like|beyond|without")} every ${pick(WHICH)} ${pick(WHAT)}, ${pick(WHO).toLowerCase()} ${pick("spoke|dreamed|wrote home|wept|laughed|complained")} ${pick(WHY)}.`;
  if (form === 2) return `"My ${pick(WHAT)} was ${pick(WHICH)}," wrote ${pick(WHO)}, and later ${pick(DID)} a ${pick(WHAT)} ${pick(WHY)}.`;
  return `${pick("In spring|Long ago|On Sunday|By evening|Once more|After that")} ${pick(WHO).toLowerCase()} would have ${pick(DID)} ${pick("one|any|this|another")} ${pick(WHICH)}, ${pick(WHICH)} ${pick(WHAT)} ${pick(WHY)}.`;
};
const prose = (): string => Array.from({ length: 3 }, () => Array.from({ length: 4 + random.below(4) }, sentence).join(" ")).join("\n\n");
const german = (): string => Array.from({ length: 12 }, () => `${pick("Anna|Der Lehrer|Ihr Bruder|Die alte Frau")} ${pick("sah|fand|malte|suchte")} ${pick("den stillen Garten|das schwere Boot|die enge Gasse")} und ${pick("sagte niemandem etwas davon|ging danach langsam nach Hause|wartete auf den nächsten Zug")}.`).join(" ");

const broken: Record<string, () => string> = {
  language: german,
  symbols: () => prose().split(" ").map((word) => (random.next() < 0.45 ? pick("#|%%|//|***|12|=") : word)).join(" "),
  lines: () => Array.from({ length: 14 }, () => pick("Anna carried the basket home again and again.|The teacher found the old letter in the garden.|Nobody knew why the bridge was closed that day.")).join("\n"),
  menus: () => Array.from({ length: 40 }, () => pick("Home|About us|Contact|Products|Sign in|View all|Prices and sizes|News from the village")).join("\n"),
  code: () => Array.from({ length: 30 }, () => `${pick("def|for|if|return")} ${pick("items|value|index")}${pick("(self, other):| in range(10):| = [x + 1 for x in data]")}`).join("\n"),
};

test("planted defects are removed, each kind to 97 % and more, and good documents stay", async () => {
  const folder = await temporaryFolder();
  const documents: Document[] = [];
  for (let i = 0; i < 60; i++) {
    documents.push({ id: `good-${i}`, text: prose() }, { id: `mojibake-${i}`, text: `${prose()} Itâ€™s a cafÃ©.` });
    for (const [kind, make] of Object.entries(broken)) documents.push({ id: `${kind}-${i}`, text: make(), language: "en" });
  }
  await writeJsonl(join(folder, "in.jsonl"), documents);
  const out = join(folder, "out");
  const { report } = await prepare(join(folder, "in.jsonl"), { out, filters: { set: "fineweb", measures: true } });
  const kept = await all(readDocuments(out));
  const left: Record<string, number> = {};
  for (const { id } of kept) left[id.split("-")[0]!] = (left[id.split("-")[0]!] ?? 0) + 1;
  expect(left.good).toBeGreaterThanOrEqual(59);
  expect(left.mojibake).toBeGreaterThanOrEqual(59);
  for (const kind of Object.keys(broken)) expect(left[kind] ?? 0, kind).toBeLessThanOrEqual(1);
  expect(kept.every(({ text, id }) => !id.startsWith("mojibake") || text.endsWith("It’s a café."))).toBe(true);
  expect(kept.every(({ language, language_score: score }) => language === "en" && score === 1)).toBe(true);

  // Each rejected document says why, with the text that it came with; the sums are the report's.
  const rows = async (name: string): Promise<Record<string, unknown>[]> => (await readFile(join(out, name), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  const rejected = await rows("rejected/rejected-00000.jsonl");
  expect(rejected).toHaveLength(report.read - kept.length);
  for (const { id, rule, value, threshold, text, reason } of rejected) {
    expect(typeof rule === "string" && typeof value === "number" && typeof threshold === "number" && value !== threshold, String(id)).toBe(true);
    expect(text).toBe(documents.find((document) => document.id === id)!.text.trim());
    expect(report.details.rules[`${String(reason)}.${String(rule)}`]).toBeGreaterThan(0);
  }
  expect(Object.values(report.details.rules).reduce((a, b) => a + b)).toBe(rejected.length);
  expect(await rows("_measures/measures-00000.jsonl")).toHaveLength(report.read);
  const html = await readFile(join(out, "report.html"), "utf8");
  expect(html).toContain("What the filters took away");
  expect(html).not.toMatch(/<script|src=/);

  // A moved threshold is tried on what was rejected alone.
  const again = await prepare(join(out, "rejected"), { out: join(folder, "again"), filters: { set: "fineweb", thresholds: { "language.language_score": null } } });
  expect(again.report.read).toBe(rejected.length);
  expect(again.report.rejected.language).toBeUndefined();
});

test("evaluation texts and lists of URLs count for what is in them", async () => {
  const folder = await temporaryFolder();
  const secret = "Which of the two rivers that meet below our town is longer than the road beside it?";
  const documents = [prose(), `${prose()} ${secret} ${secret}`, prose()].map((text, i) => ({ id: String(i), text: `${text} ${prose()}`, url: `http://site-${i}.org/` }));
  await writeJsonl(join(folder, "in.jsonl"), documents);
  await writeFile(join(folder, "eval.txt"), `${secret}\n`);
  await writeFile(join(folder, "domains"), "# blocked\nsite-2.org\n");
  const filters = { set: "fineweb", decontaminate: [join(folder, "eval.txt")], urlLists: folder, thresholds: Object.fromEntries(["5", "6", "7", "8", "9", "10"].map((n) => [`gopher-repetition.duplicated_${n}_n_grams`, null])) } as const;
  const run = async (): Promise<{ status: string; rejected: object; kept: number }> => {
    const { status, report } = await prepare(join(folder, "in.jsonl"), { out: join(folder, "out"), filters: { ...filters, decontaminate: [...filters.decontaminate] } });
    return { status, rejected: report.details.rules, kept: report.documents };
  };
  expect(await run()).toEqual({ status: "written", rejected: { "url.domain": 1, "decontamination.contaminated_n_grams": 1 }, kept: 1 });
  expect((await run()).status).toBe("unchanged");
  await writeFile(join(folder, "domains"), "site-0.org\n");
  expect((await run()).status).toBe("written");
  await expect(prepare(join(folder, "in.jsonl"), { out: join(folder, "o"), filters: { set: "fineweb", thresholds: { "c4.nothing": 1 } } })).rejects.toThrow(DatasetError);
});
