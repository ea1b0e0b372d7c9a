import { join } from "node:path";
import { Command, addCommonOptions, printJson } from "@llm/cli-kit";
import { lineageHtml } from "../report/lineage-html.js";
import { type Lineage, readLineage, stepTitle } from "../report/lineage.js";
import { atomicWriteFile, writeJsonAtomic } from "../util/files.js";
import { say } from "./common.js";

interface Flags {
  out?: string;
  json?: boolean;
}

function show({ steps, missing }: Lineage): void {
  const names = new Map(steps.map((step) => [step.sha256, stepTitle(step)]));
  for (const step of steps) {
    const from = step.from.map((sha256) => names.get(sha256) ?? `${sha256.slice(0, 12)}, which is not at hand`);
    const counts = [step.read === null ? undefined : `${step.read} rows read`, step.rows === null ? undefined : `${step.rows} left`, step.tokens === null ? undefined : `${step.tokens} tokens`].filter((part) => part !== undefined);
    say(`${stepTitle(step)} (${step.folder}, record ${step.sha256.slice(0, 12)})${counts.length > 0 ? `: ${counts.join(", ")}` : ""}`);
    for (const one of from) say(`  from ${one}`);
    const lost = (step.content as { lost?: { places: number; share: number } }).lost;
    if (lost && lost.places > 0) say(`  ${lost.places} places could not be read, ${(lost.share * 100).toPrecision(3)}% of the bytes`);
  }
  for (const { folder, neededBy, reason } of missing) say(`${neededBy} was made from ${folder}, which ${reason === "absent" ? "is not there any more" : "was made anew since"}`);
}

/** llm-dataset report FOLDER... */
export const reportCommand = (): Command =>
  addCommonOptions(
    new Command("report")
      .description("One report of a whole run: from the folder of its last step back through all that it was made from, each step known by the digest of its record.")
      .argument("<folder...>", "results of download, sample, mix, prepare, dedupe, tokenize, merge, split, import or export; those that they were made from are found by themselves if they were not moved")
      .option("--out <dir>", "folder to write lineage.html and lineage.json to (default: none; it is told in words)"),
  ).action(async (folders: string[], { out, json }: Flags) => {
    const lineage = await readLineage(folders, out);
    if (out !== undefined) {
      await atomicWriteFile(join(out, "lineage.html"), lineageHtml(lineage));
      await writeJsonAtomic(join(out, "lineage.json"), lineage);
    }
    if (json) printJson(lineage);
    else show(lineage);
  });
