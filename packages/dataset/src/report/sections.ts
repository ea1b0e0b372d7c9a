import { FILTER_NAMES } from "../clean/filters/names.js";
import type { Details } from "./details.js";
import { bars, escape, measure, number, percent, table } from "./html.js";

/** The filters' names for people. */
const FILTERS: Record<string, string> = {
  url: "URL",
  language: "Language, as identified",
  boilerplate: "Boilerplate",
  "gopher-repetition": "Repetition (Gopher)",
  "gopher-quality": "Quality (Gopher)",
  c4: "C4's rules",
  fineweb: "FineWeb's rules",
  decontamination: "Evaluation text",
};
export const filterName = (filter: string): string => FILTERS[filter] ?? filter;

/** What is left after each step, as bars. @param steps In their order: name, and how many rows it took away */
export function funnel(read: number, steps: readonly (readonly [string, number])[]): string {
  let left = read;
  const rows = [{ name: "Read", value: read, note: number(read) }];
  for (const [name, lost] of steps) {
    if (lost === 0) continue;
    left -= lost;
    rows.push({ name, value: left, note: `${number(left)} (−${number(lost)}, ${percent(lost, read)})` });
  }
  return `<h2>Funnel</h2><p>Rows that are left after each step; in brackets how many it took away, and their share of all rows that were read.</p>${bars("Rows left after each step", rows, read)}`;
}

/** What every rule took away, with its first examples. */
export function rules({ rules: counts, examples }: Details, read: number): string {
  const order = (rule: string): number => FILTER_NAMES.findIndex((name) => rule.startsWith(`${name}.`));
  const sorted = Object.entries(counts).sort(([a], [b]) => order(a) - order(b) || counts[b]! - counts[a]! || (a < b ? -1 : 1));
  if (sorted.length === 0) return "";
  const shown = sorted.map(([rule, count]) => {
    const dot = rule.indexOf(".");
    const list = (examples[rule] ?? []).map(({ id, value, threshold, excerpt }) => `<blockquote>${escape(excerpt)}<br><small>${escape(id)}: value ${measure(value)}, threshold ${measure(threshold)}</small></blockquote>`);
    return `<h3>${escape(filterName(rule.slice(0, dot)))}: <code>${escape(rule.slice(dot + 1))}</code>, ${number(count)} (${percent(count, read)})</h3>${list.join("")}`;
  });
  return `<h2>What the filters took away</h2><p>Rows by the rule that took them away, then the first ones of each rule, with what was measured and the threshold.</p>${bars("Rejected by rule", sorted.map(([rule, value]) => ({ name: rule, value, tone: "lost" as const })))}${shown.join("")}`;
}

const top = <V>(counts: Record<string, V>, size: (value: V) => number, limit: number): [string, V][] =>
  Object.entries(counts).sort(([a, x], [b, y]) => size(y) - size(x) || (a < b ? -1 : 1)).slice(0, limit);

export function languages({ languages: kept, otherLanguages: lost }: Details): string {
  const rows = [...top(kept, (value) => value, 20).map(([name, value]) => [name, number(value), ""]), ...top(lost, (value) => value, 20).map(([name, value]) => [name || "none that is known", "", number(value)])];
  return rows.length > 0 ? `<h2>Languages</h2>${table(["Language", "Kept", "Rejected for it"], rows)}` : "";
}

export function domains({ domains: counts }: Details): string {
  const rows = top(counts, ([kept, rejected]) => kept + rejected, 25).map(([host, [kept, rejected]]) => [host || "others", number(kept), number(rejected)]);
  return rows.length > 0 ? `<h2>Domains</h2>${table(["Host", "Kept", "Rejected"], rows)}` : "";
}
