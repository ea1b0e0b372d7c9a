import { codePoints } from "../words/characters.js";
import type { WordTable } from "../words/words.js";
import type { Document } from "../../document.js";

/** Why a filter rejects a document. A moved threshold can be tried on the value alone. */
export interface Rejection {
  /** The filter's name, e.g. "gopher-repetition". */
  filter: string;
  /** The rule's name, e.g. "dup_line_frac"; datatrove's, where it has the rule. */
  rule: string;
  value: number;
  /** The document would have been kept with a value up to (or, for a lower bound, from) here. */
  threshold: number;
}

/** A document on its way through the filters. Filters may change its text; what is worked out once is shared among them. */
export class Trial {
  rejection: Rejection | undefined;
  /** The language that was identified, if a filter did. */
  language: { language: string; score: number } | undefined;
  /** What was noted: filter, rule and value in turn. */
  readonly #noted: (string | number)[] = [];
  #filter = "";
  #text: string;
  #characters = -1;
  #words = -1;

  /** @param complete Work out every measure of every filter, also after a rejection; slower for what is rejected */
  constructor(
    readonly document: Document,
    readonly table: WordTable,
    readonly complete = false,
  ) {
    this.#text = document.text;
  }

  /** Every value that was worked out, by "filter.rule". */
  get measures(): Record<string, number> {
    const measures: Record<string, number> = {};
    for (let i = 0; i < this.#noted.length; i += 3) measures[`${this.#noted[i]!}.${this.#noted[i + 1]!}`] = this.#noted[i + 2] as number;
    return measures;
  }

  get text(): string {
    return this.#text;
  }

  /** Code points of the text. */
  get characters(): number {
    return this.#characters < 0 ? (this.#characters = codePoints(this.#text)) : this.#characters;
  }

  /** Words of the text; their numbers are in the table's `ids` until another text is split. */
  splitWords(): number {
    return (this.#words = this.table.split(this.#text));
  }

  /** How many words the text has. */
  get words(): number {
    return this.#words < 0 ? this.splitWords() : this.#words;
  }

  /** Changes the text. @param words How many words it has, if that is known */
  rewrite(text: string, words = -1): void {
    this.#text = text;
    this.#characters = -1;
    this.#words = words;
  }

  /** Begins a filter. */
  enter(filter: string): void {
    this.#filter = filter;
  }

  /** Notes a value that may be at most `threshold`; null allows all. @returns whether to stop here */
  atMost(rule: string, value: number, threshold: number | null): boolean {
    return this.#note(rule, value, threshold, threshold !== null && value > threshold);
  }

  /** Notes a value that must be at least `threshold`; null allows all. @returns whether to stop here */
  atLeast(rule: string, value: number, threshold: number | null): boolean {
    return this.#note(rule, value, threshold, threshold !== null && value < threshold);
  }

  #note(rule: string, value: number, threshold: number | null, fails: boolean): boolean {
    this.#noted.push(this.#filter, rule, value);
    if (fails && threshold !== null) this.rejection ??= { filter: this.#filter, rule, value, threshold };
    return fails && !this.complete;
  }
}

/** A step of the cleaning pipeline. It notes values and rejects through the trial, and may rewrite its text. */
export interface TextFilter {
  readonly name: string;
  apply(trial: Trial): void;
}
