import { access } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, type Origin, type SourceFile, type SplitManifest, atomicWriteFile, lineageHtml, originsOf, readLineage, writeJsonAtomic } from "@llm/dataset";
import type { TokenizeSettings } from "./shard-set.js";

/** report.json beside the shards: what was tokenized how, and which steps made it. */
export interface TokenizeReport {
  format: "llm-bpe-tokenize";
  version: 1;
  /** That of the manifest. */
  fingerprint: string;
  settings: TokenizeSettings;
  tokenizer: { sha256: string; vocabSize: number };
  inputs: { file: string; bytes: number }[];
  /** The records of the steps that the inputs are results of. */
  from: Origin[];
  bytesPerToken: number;
  splits: Record<"train" | "val", Omit<SplitManifest, "shards">>;
}

/**
 * Writes report.json and report.html, a page with the whole chain of steps as far as their folders are there. They are about a set that is
 * complete without them, so a run that is cut off here has lost nothing; the next one writes them.
 */
export async function writeReport(out: string, manifest: Manifest, settings: TokenizeSettings, inputs: readonly SourceFile[]): Promise<void> {
  // By name: a plan has more of them, which are about the machine.
  const { val, chat, modelMaxLength, maxTokensPerShard, columns, provenance } = settings;
  const { fingerprint, tokenizer, bytesPerToken, splits } = manifest;
  const split = ({ documents, tokens, lossTokens, textBytes }: SplitManifest): Omit<SplitManifest, "shards"> => ({ documents, tokens, lossTokens, textBytes });
  const report: TokenizeReport = {
    format: "llm-bpe-tokenize",
    version: 1,
    fingerprint,
    settings: { val, chat, modelMaxLength, maxTokensPerShard, columns, provenance },
    tokenizer: { sha256: tokenizer.sha256, vocabSize: tokenizer.vocabSize },
    inputs: inputs.map(({ name, size }) => ({ file: name, bytes: size })),
    from: await originsOf(out, inputs),
    bytesPerToken,
    splits: { train: split(splits.train), val: split(splits.val) },
  };
  await writeJsonAtomic(join(out, "report.json"), report);
  await atomicWriteFile(join(out, "report.html"), lineageHtml(await readLineage([out], out)));
}

/** {@link writeReport} where a run was cut off before it had written one. */
export async function completeReport(...[out, manifest, settings, inputs]: Parameters<typeof writeReport>): Promise<void> {
  const there = await access(join(out, "report.html")).then(() => true, () => false);
  if (!there) await writeReport(out, manifest, settings, inputs);
}
