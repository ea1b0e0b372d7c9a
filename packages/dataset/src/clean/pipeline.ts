import { DatasetError } from "../errors.js";
import { readDocuments } from "../sources/read.js";
import { BOILERPLATE, boilerplate } from "./filters/boilerplate.js";
import { C4_QUALITY, c4Quality } from "./filters/c4.js";
import { DECONTAMINATION, EvaluationNgrams, decontaminate } from "./filters/decontaminate.js";
import { FINEWEB_QUALITY, finewebQuality } from "./filters/fineweb.js";
import { GOPHER_QUALITY, GOPHER_REPETITION, gopherQuality, gopherRepetition } from "./filters/gopher.js";
import { LANGUAGE, languageFilter, loadDetector } from "./filters/language.js";
import { repairMojibake } from "./filters/mojibake.js";
import type { FilterName } from "./filters/names.js";
import { replacePii } from "./filters/pii.js";
import type { TextFilter } from "./filters/trial.js";
import { URL_LIMITS, readUrlLists, urlFilter } from "./filters/url.js";

/** Which filters judge documents. */
export interface FilterOptions {
  /** FineWeb's, with its published parameters. */
  set: "fineweb";
  /**
   * "datatrove": the same verdicts as datatrove's examples/fineweb.py on the same text. Texts are not normalized or repaired before, nor
   * is the language identified or boilerplate removed.
   */
  compat?: "datatrove";
  /** Thresholds that differ, by "filter.rule", e.g. `{ "fineweb.char_dup_ratio": 0.1 }`; null switches a rule off. */
  thresholds?: Record<string, number | null>;
  /** Folder with lists of URLs, see {@link readUrlLists}; default: no URL is rejected. */
  urlLists?: string;
  /** Sources of evaluation texts; documents that share 12 words in a row with one are rejected. */
  decontaminate?: string[];
  /** Work out every measure of every document, also after a rejection, and write them to measures/*.jsonl; default false. */
  measures?: boolean;
}

/** Every threshold with its default, by "filter.rule". */
export const FILTER_THRESHOLDS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    [
      ["url", URL_LIMITS],
      ["language", LANGUAGE],
      ["boilerplate", BOILERPLATE],
      ["gopher-repetition", GOPHER_REPETITION],
      ["gopher-quality", GOPHER_QUALITY],
      ["c4", C4_QUALITY],
      ["fineweb", FINEWEB_QUALITY],
      ["decontamination", DECONTAMINATION],
    ] satisfies [FilterName, Record<string, number>][]
  ).flatMap(([filter, rules]) => Object.entries(rules).map(([rule, value]) => [`${filter}.${rule}`, value])),
);

/** The thresholds of one filter that differ. */
const of = (thresholds: Record<string, number | null>, filter: FilterName): Record<string, number | null> =>
  Object.fromEntries(Object.entries(thresholds).filter(([name]) => name.startsWith(`${filter}.`)).map(([name, value]) => [name.slice(filter.length + 1), value]));

/** A filter that only rewrites. */
const rewriter = (name: string, rewrite: (text: string) => string): TextFilter => ({
  name,
  apply(trial) {
    const text = rewrite(trial.text);
    if (text !== trial.text) trial.rewrite(text);
  },
});

async function readEvaluation(sources: readonly string[]): Promise<EvaluationNgrams> {
  const ngrams = new EvaluationNgrams();
  for await (const { text } of readDocuments(sources)) ngrams.add(text);
  if (ngrams.size === 0) throw new DatasetError(`${sources.join(", ")} has no evaluation text of ${ngrams.n} words or more, so that no document could be found by it. Give other texts, or leave decontamination out.`);
  return ngrams;
}

/**
 * FineWeb's filters in its order: URL, language, repetition and quality by Gopher's rules, C4's, its own, decontamination, personal data
 * replaced (Penedo et al. 2024; datatrove's examples/fineweb.py). Without `compat`, mojibake is repaired and boilerplate lines are
 * dropped before the rules on words.
 * @param language ISO 639-1 code to keep; null keeps all and identifies none
 * @throws DatasetError for a threshold that no filter has, or lists or texts that can't be read
 */
export async function createFilters({ compat, thresholds = {}, urlLists, decontaminate: evaluation = [] }: FilterOptions, language: string | null = "en"): Promise<TextFilter[]> {
  const unknown = Object.keys(thresholds).find((name) => !(name in FILTER_THRESHOLDS));
  if (unknown !== undefined) throw new DatasetError(`There is no threshold "${unknown}"; there are ${Object.keys(FILTER_THRESHOLDS).join(", ")}.`);
  const own = compat === undefined;
  return [
    ...(urlLists === undefined ? [] : [urlFilter(await readUrlLists(urlLists), of(thresholds, "url"))]),
    ...(own ? [rewriter("mojibake", repairMojibake)] : []),
    ...(own && language !== null ? [languageFilter(language, await loadDetector(), of(thresholds, "language"))] : []),
    ...(own ? [boilerplate(of(thresholds, "boilerplate"))] : []),
    gopherRepetition(of(thresholds, "gopher-repetition")),
    gopherQuality(of(thresholds, "gopher-quality")),
    c4Quality(of(thresholds, "c4")),
    finewebQuality(of(thresholds, "fineweb")),
    ...(evaluation.length > 0 ? [decontaminate(await readEvaluation(evaluation), of(thresholds, "decontamination"))] : []),
    rewriter("pii", piiOf(own)),
  ];
}

/** As datatrove, replacements go round over all documents; by default they begin anew with each, so that a result depends on its text alone. */
function piiOf(own: boolean): (text: string) => string {
  const state = { email: 0, ip: 0 };
  return (text) => (own ? replacePii(text) : replacePii(text, state));
}
