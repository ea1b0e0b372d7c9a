import type { DedupeReport } from "../dedupe/dedupe.js";
import { preparedBody } from "../prepare/html.js";
import type { PrepareReport } from "../prepare/report.js";
import { duplicatesBody } from "./duplicates.js";
import { bars, escape, number, page, percent, table } from "./html.js";
import { type Lineage, type LineageStep, stepTitle } from "./lineage.js";
import type { Lost } from "./lost.js";

const count = (value: number | null): string => (value === null ? "" : number(value));
const short = (sha256: string): string => sha256.slice(0, 12);

/** What a step says of itself that has no page of its own. */
function facts({ content, step }: LineageStep): string {
  const rows: string[][] = [];
  const add = (name: string, value: unknown): void => {
    if (value !== undefined && value !== null) rows.push([name, typeof value === "number" ? number(value) : typeof value === "string" ? value : JSON.stringify(value)]);
  };
  if (step === "download") {
    const files = content.files as { file: string; url: string; bytes: number; sha256?: string }[];
    return table(["File", "Bytes", "From", "SHA-256"], files.map(({ file, bytes, url, sha256 }) => [file, number(bytes), url, sha256 ? short(sha256) : ""]));
  }
  if (step === "sample") {
    for (const [name, value] of Object.entries(content.source as Record<string, unknown>)) add(name, value);
    add("documents", content.documents);
    add("chats", content.chats);
    return table(["", ""], rows);
  }
  const splits = content.splits as Record<string, { documents: number; tokens: number; lossTokens?: number; textBytes: number }>;
  const { settings, bytesPerToken, to } = content as { settings?: Record<string, unknown>; bytesPerToken?: number; to?: unknown };
  add("format", to);
  for (const [name, value] of Object.entries(settings ?? {})) add(name, value);
  if (bytesPerToken !== undefined) add("bytes per token", Number(bytesPerToken.toFixed(3)));
  add("tokenizer.json", short((content.tokenizer as { sha256: string }).sha256));
  add("fingerprint", String(content.fingerprint).slice(0, 16));
  const made = (content.files ?? (step === "tokenize" ? [] : content.inputs)) as { file: string; bytes: number; sha256: string }[];
  const files = made.length > 0 ? table([step === "export" ? "File" : "Made from", "Bytes", "SHA-256"], made.map(({ file, bytes, sha256 }) => [file, number(bytes), short(sha256)])) : "";
  return `${table(["Split", "Documents", "Tokens", "in the loss", "Bytes of text"], Object.entries(splits).map(([name, split]) => [name, number(split.documents), number(split.tokens), count(split.lossTokens ?? null), number(split.textBytes)]))}${files}${table(["Setting", "Value"], rows)}`;
}

/** A step's own report, its headings one level deeper: in escaped text there is no "<". */
function body(step: LineageStep): string {
  const own = step.step === "prepare" ? preparedBody(step.content as unknown as PrepareReport) : step.step === "dedupe" ? duplicatesBody(step.content as unknown as DedupeReport) : facts(step);
  return own.replace(/<(\/?)h([23])>/g, (_all, end: string, level: string) => `<${end}h${Number(level) + 1}>`);
}

/** The whole of a run as one page without scripts: the chain of steps, what each left, and each step's own report. */
export function lineageHtml({ steps, missing }: Lineage): string {
  const names = new Map(steps.map((step) => [step.sha256, stepTitle(step)]));
  const gone = new Map(missing.map(({ sha256, folder, reason }) => [sha256, `${folder} (${reason === "absent" ? "not there any more" : "made anew since"})`]));
  const chain = steps.map((step) => [
    stepTitle(step),
    step.folder,
    step.from.map((sha256) => names.get(sha256) ?? gone.get(sha256) ?? short(sha256)).join(", ") || "–",
    count(step.read),
    step.rows === null ? "" : `${number(step.rows)}${step.read ? ` (${percent(step.rows, step.read)})` : ""}`,
    count(step.tokens),
    short(step.sha256),
  ]);
  const left = steps.filter(({ rows }) => rows !== null).map((step) => ({ name: stepTitle(step), value: step.rows!, note: `${number(step.rows!)}${step.tokens === null ? "" : `, ${number(step.tokens)} tokens`}` }));
  const damaged = steps.flatMap((step) => {
    const { places = 0, share = 0 } = (step.content as { lost?: Lost }).lost ?? {};
    return places > 0 ? [`<li>${escape(stepTitle(step))}: ${places === 1 ? "1 place" : `${number(places)} places`} of its inputs could not be read, ${percent(share, 1)} of their bytes. They are listed below.</li>`] : [];
  });
  const problems = missing.map(({ folder, record, sha256, neededBy, reason }) => `<li>${escape(neededBy)} was made from ${escape(folder)} with the record ${escape(record)} ${short(sha256)}…, which ${reason === "absent" ? "is not there any more" : "is another one by now"}.</li>`);
  return page(
    "From the sources to the result",
    `<p>What was done, step by step. Each step names the SHA-256 of the records of the steps that it was made from, so that a step that was made anew since is seen.</p>
<h2>Steps</h2>
${table(["Step", "Folder", "Made from", "Rows read", "Rows left", "Tokens", "Record"], chain)}
${damaged.length > 0 ? `<h2>What could not be read</h2><ul>${damaged.join("")}</ul>` : ""}
${problems.length > 0 ? `<h2>Not at hand</h2><ul>${problems.join("")}</ul>` : ""}
${left.length > 0 ? `<h2>What is left after each step</h2><p>Rows (documents and chats), and tokens where they were counted.</p>${bars("Rows left after each step", left)}` : ""}
${steps.map((step) => `<section><h2>${escape(stepTitle(step))}</h2>${body(step)}</section>`).join("\n")}`,
  );
}
