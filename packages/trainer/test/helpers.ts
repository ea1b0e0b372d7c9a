import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ShardSetWriter } from "@llm/dataset";
import type { train, TrainEvent } from "@llm/trainer";
import { onTestFinished } from "vitest";

export interface TestDocument {
  tokens: number[];
  mask?: number[];
}

/** An empty folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "llm-trainer-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Sentences over a small alphabet with a rule in them (each token follows from the one before), so that a model can learn. */
export function countingDocuments(count: number, { length = 20, vocabSize = 32, seed = 1 } = {}): TestDocument[] {
  return Array.from({ length: count }, (_, i) => {
    const words = vocabSize - 8;
    const start = (i * 7 + seed * 3) % words;
    return { tokens: [0, ...Array.from({ length: length + (i % 5) }, (_, j) => 8 + ((start + j * (1 + (i % 3))) % words)), 2] };
  });
}

/** Writes shards with a tokenizer.json of no use but a hash. */
export async function makeShards(
  folder: string,
  { train: trainSet, val = [], vocabSize = 32, tokenizer = '{"version":"1.0"}', lossMask = false, fingerprint = "test" }: { train: TestDocument[]; val?: TestDocument[]; vocabSize?: number; tokenizer?: string; lossMask?: boolean; fingerprint?: string },
): Promise<string> {
  const sha256 = createHash("sha256").update(tokenizer).digest("hex");
  const writer = await ShardSetWriter.create(folder, { tokenizer: { sha256, vocabSize, bos: 0, eos: 2, pad: 1, special: { "<s>": 0, "<pad>": 1, "</s>": 2 } }, dtype: "u16", lossMask, fingerprint });
  for (const [split, documents] of [["train", trainSet], ["val", val]] as const) {
    for (const { tokens, mask } of documents) {
      await writer.add(split, { tokens: Uint16Array.from(tokens), ...(mask ? { mask: Uint8Array.from(mask) } : {}), textBytes: tokens.length * 3 });
    }
  }
  await writer.finish();
  await writeFile(join(folder, "tokenizer.json"), tokenizer);
  await writeFile(join(folder, "tokenizer_config.json"), "{}");
  return folder;
}

/** All events of a run. */
export async function collect(events: ReturnType<typeof train>): Promise<TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export const lossesOf = (events: readonly TrainEvent[]): number[] => events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
