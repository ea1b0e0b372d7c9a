import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "@llm/backend";
import { openShards, PackedLoader, type ShardSet } from "@llm/dataset";
import { crossEntropyLoss, type LlamaConfig, type Parameters } from "@llm/model";
import { loadModel } from "@llm/model/node";
import { readState } from "./checkpoint.js";
import { disposeInputs, toInputs, toMicrobatch } from "./microbatch.js";
import { checkTokenizer } from "./run-folder.js";

/** How well a model predicts a split. */
export interface Evaluation {
  split: "train" | "val";
  /** Mean cross-entropy, nats per token that counts. */
  loss: number;
  /**
   * Bits per byte of text: `lossSum / ln 2 / textBytes`, comparable between tokenizers. When only part of the split was
   * read, its bytes are taken in proportion to its tokens. Null for shards with a loss mask, where the text that counts
   * is not all of the text.
   */
  bitsPerByte: number | null;
  /** Tokens that counted. */
  tokens: number;
  /** Whether the whole split was read. */
  complete: boolean;
}

/** How far an evaluation is, in tokens that count. */
export interface EvaluationProgress {
  tokens: number;
  total: number;
}

/** Evaluates a model on shards; built once, so that its compiled function serves every evaluation of a run. */
export interface Evaluator {
  /**
   * Reads the split batch by batch and tells how far it is; its return value is the result.
   *
   * @param tokens Stop after this many tokens; default the whole split.
   */
  run(options?: { tokens?: number; signal?: AbortSignal }): AsyncGenerator<EvaluationProgress, Evaluation, undefined>;
  dispose(): void;
}

/**
 * @param shape Rows and tokens per row of each batch; the split is read in a fixed order, each token once.
 */
export function createEvaluator(
  engine: Engine,
  model: { config: LlamaConfig; parameters: Parameters },
  shards: ShardSet,
  { split = "val", batchSize, sequenceLength }: { split?: "train" | "val"; batchSize: number; sequenceLength: number },
): Evaluator {
  const loss = engine.compile((ids: tf.Tensor2D, targets: tf.Tensor2D, mask: tf.Tensor2D) => ({
    lossSum: crossEntropyLoss(model.config, model.parameters, ids, targets, mask).lossSum,
  }));

  return {
    async *run({ tokens: limit = Infinity, signal } = {}) {
      const loader = await PackedLoader.open(shards, { split, batchSize, sequenceLength, seed: 0, epochs: 1 });
      const total = Math.min(limit, shards.manifest.splits[split].lossTokens);
      let lossSum = 0;
      let tokens = 0;
      let complete = false;
      while (tokens < limit) {
        signal?.throwIfAborted();
        const loaded = await loader.next();
        if (!loaded) {
          complete = true;
          break;
        }
        const batch = toMicrobatch(loaded);
        if (batch.count === 0) continue;
        const inputs = toInputs(batch);
        const result = await loss.callAsync(...inputs);
        lossSum += (await result.lossSum.data())[0]!;
        tokens += batch.count;
        tf.dispose(result);
        disposeInputs(inputs);
        yield { tokens, total };
      }
      const { textBytes, lossTokens } = shards.manifest.splits[split];
      const mean = lossSum / Math.max(1, tokens);
      const bitsPerByte = shards.manifest.lossMask || textBytes === 0 ? null : (mean / Math.LN2) * (lossTokens / textBytes);
      return { split, loss: mean, bitsPerByte, tokens, complete };
    },
    dispose() {
      loss.dispose();
    },
  };
}

/** What {@link evaluate} is asked to do. */
export interface EvaluateOptions {
  /** A run folder, or any Hugging Face folder of a Llama model with tokenizer.json. */
  run: string;
  /** A folder of shards written with the same tokenizer. */
  shards: string;
  /** Default "val". */
  split?: "train" | "val";
  /** Rows per batch; default the run's own, else 8. */
  batchSize?: number;
  /** Tokens per row; default the run's own (a model knows no positions it was not trained at), else the model's context, at most 1,024. */
  sequenceLength?: number;
}

/**
 * Loss and bits per byte of a trained model on one split of a shard set.
 *
 * @throws {TrainerError} If the model's tokenizer is not the one that made the shards.
 */
export async function evaluate(
  { run, shards: folder, split = "val", ...options }: EvaluateOptions,
  { engine, signal, onProgress }: { engine: Engine; signal?: AbortSignal; onProgress?: (progress: EvaluationProgress) => void },
): Promise<Evaluation> {
  const shards = await openShards(folder);
  await checkTokenizer(run, shards.manifest);
  const { config, params } = await loadModel(run);
  const trained = (await readState(run))?.state.settings;
  const batchSize = options.batchSize ?? trained?.batchSize ?? 8;
  const sequenceLength = Math.min(options.sequenceLength ?? trained?.sequenceLength ?? 1024, config.maxPositions);
  const evaluator = createEvaluator(engine, { config, parameters: params }, shards, { split, batchSize, sequenceLength });
  try {
    const run = evaluator.run(signal ? { signal } : {});
    for (;;) {
      const { done, value } = await run.next();
      if (done) return value;
      onProgress?.(value);
    }
  } finally {
    evaluator.dispose();
    tf.dispose([...params.values()]);
  }
}
