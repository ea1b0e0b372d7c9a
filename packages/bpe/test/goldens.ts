import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TrainOptions } from "@llm/bpe";

/** What tools/goldens/bpe_goldens.py stored. */
export const golden = <T>(name: string): T => JSON.parse(readFileSync(new URL(`goldens/${name}.json`, import.meta.url), "utf8")) as T;

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface TrainGolden {
  corpora: { name: string; vocabSize: number; minFrequency: number; pretty: string; compact: string; merges: number; first: [string, string][] }[];
  fuzz: { texts: string[]; options: TrainOptions; pretty: string; compact: string }[];
}

export interface EncodeGolden {
  cases: { parse: number[]; text: number[] | null }[];
  garbage: number[][];
  decoded: [string, string][];
  variants: { name: string; file: Record<string, unknown>; texts: string[]; ids: number[][]; bare: number[][] }[];
}

export interface SplitGolden {
  blocks: string[];
  texts: string[];
  splits: string[][];
}
