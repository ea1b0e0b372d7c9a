import { join } from "node:path";
import { type RunState, readState } from "./checkpoint.js";
import { writeAtomically } from "./files.js";
import { type LogEntry, readLog } from "./log.js";
import { escapeXml, plotLoss } from "./plot.js";
import { trainerFolder } from "./run-folder.js";

/**
 * Writes trainer/loss.svg (the curve) and trainer/loss.html (the curve and a table of the run) from the run's log and
 * newest checkpoint.
 *
 * @returns The two paths.
 */
export async function writeReport(run: string): Promise<{ svg: string; html: string }> {
  const entries = await readLog(run);
  const state = (await readState(run))?.state;
  const title = `Training loss${state?.settings.preset ? ` of ${state.settings.preset}` : ""}`;
  const picture = plotLoss(entries, title);
  const svg = join(trainerFolder(run), "loss.svg");
  const html = join(trainerFolder(run), "loss.html");
  await writeAtomically(svg, picture);
  await writeAtomically(html, page(title, picture, rowsOf(entries, state)));
  return { svg, html };
}

function rowsOf(entries: readonly LogEntry[], state: RunState | undefined): [string, string][] {
  const lastStep = entries.filter((entry) => entry.type === "step").at(-1);
  const lastEval = entries.filter((entry) => entry.type === "eval").at(-1);
  const rows: [string, string][] = [];
  if (lastStep) rows.push(["steps", String(lastStep.step)], ["tokens that counted", String(lastStep.tokens)], ["minutes", (lastStep.seconds / 60).toFixed(1)], ["training loss, last step", lastStep.loss.toFixed(4)]);
  if (lastEval) rows.push([`validation loss${lastEval.complete ? "" : " (part of the split)"}`, lastEval.loss.toFixed(4)], ["validation bits per byte", lastEval.bitsPerByte?.toFixed(4) ?? "–"]);
  if (state) {
    const { budget, ...settings } = state.settings;
    rows.push(["engine", state.engine], ["budget", `${budget.amount} ${budget.unit}`], ...Object.entries(settings).map(([key, value]): [string, string] => [key, String(value)]));
    rows.push(...Object.entries(state.lineage).map(([key, value]): [string, string] => [`${key} (fingerprint)`, value ?? "–"]));
  }
  return rows;
}

const page = (title: string, picture: string, rows: readonly [string, string][]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeXml(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 880px; padding: 0 1rem; color: #333a44; background: #fff }
svg { max-width: 100%; height: auto }
table { border-collapse: collapse; margin-top: 1rem }
td { border-bottom: 1px solid #e3e6ea; padding: .25rem 1.5rem .25rem 0; overflow-wrap: anywhere; vertical-align: top }
td:first-child { white-space: nowrap; color: #5b6470 }
</style>
${picture}<table>
${rows.map(([key, value]) => `<tr><td>${escapeXml(key)}</td><td>${escapeXml(value)}</td></tr>`).join("\n")}
</table>
</html>
`;
