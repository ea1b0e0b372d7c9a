import { type LoaderState, PackedLoader, type ShardSet } from "@llm/dataset";
import { TrainerError } from "./errors.js";
import { type Microbatch, toMicrobatch } from "./microbatch.js";

/** A stretch of the run with one batch shape. */
export interface Phase {
  /** The phase lasts until this share of the budget is used up. */
  until: number;
  batchSize: number;
  sequenceLength: number;
}

/** Where in the data a run stands: plain JSON for the checkpoint. */
export interface DataCursor {
  phase: number;
  loader: LoaderState;
}

/** A run of this many batches without one token that counts means that the data can't train anything. */
const MAX_EMPTY = 1_000;

/**
 * The phases of a run: with `shortStart` the first share of the budget reads half-length rows in batches twice as
 * large (as many tokens, cheaper attention), then the full shape.
 */
export function phasesOf({ batchSize, sequenceLength, shortStart }: { batchSize: number; sequenceLength: number; shortStart: number }): Phase[] {
  const full: Phase = { until: Infinity, batchSize, sequenceLength };
  if (!(shortStart > 0)) return [full];
  return [{ until: shortStart, batchSize: batchSize * 2, sequenceLength: Math.floor(sequenceLength / 2) }, full];
}

/**
 * Endless training batches in the loader's order. The next batch is read while the current one trains; the cursor stands
 * after the last batch that was handed out, so what was read ahead is read again after a resume.
 */
export class TrainingData {
  private ahead: Promise<{ batch: Microbatch; cursor: DataCursor }> | undefined;

  private constructor(
    private readonly shards: ShardSet,
    private readonly phases: readonly Phase[],
    private readonly seed: number,
    private loader: PackedLoader,
    private at: DataCursor,
  ) {}

  /** @param cursor Where to go on; the beginning if undefined. */
  static async open(shards: ShardSet, { phases, seed, cursor }: { phases: readonly Phase[]; seed: number; cursor?: DataCursor }): Promise<TrainingData> {
    const phase = cursor?.phase ?? 0;
    const loader = await openLoader(shards, phases, seed, phase, cursor?.loader);
    return new TrainingData(shards, phases, seed, loader, { phase, loader: loader.state() });
  }

  /** Where the data stands after the batches that {@link next} has returned. */
  get cursor(): DataCursor {
    return this.at;
  }

  /** The next batch with at least one token that counts. @param progress Share of the budget that is used up. */
  async next(progress: number): Promise<Microbatch> {
    let phase = this.at.phase;
    while (phase < this.phases.length - 1 && progress >= this.phases[phase]!.until) phase++;
    if (phase !== this.at.phase) {
      await this.ahead;
      this.ahead = undefined;
      this.loader = await openLoader(this.shards, this.phases, this.seed, phase);
      this.at = { phase, loader: this.loader.state() };
    }
    const { batch, cursor } = await (this.ahead ?? this.read(phase));
    this.at = cursor;
    this.ahead = this.read(phase);
    this.ahead.catch(() => undefined); // reported by the call that awaits it
    return batch;
  }

  private async read(phase: number): Promise<{ batch: Microbatch; cursor: DataCursor }> {
    for (let empty = 0; empty < MAX_EMPTY; empty++) {
      const loaded = await this.loader.next();
      if (!loaded) break;
      const batch = toMicrobatch(loaded);
      if (batch.count > 0) return { batch, cursor: { phase, loader: this.loader.state() } };
    }
    throw new TrainerError("The training split has no token that counts in the loss: every one is masked. Write the shards anew from data with replies.");
  }
}

function openLoader(shards: ShardSet, phases: readonly Phase[], seed: number, phase: number, state?: LoaderState): Promise<PackedLoader> {
  const { batchSize, sequenceLength } = phases[phase]!;
  // Each phase packs and shuffles anew, so it gets a seed of its own.
  return Promise.resolve(PackedLoader.open(shards, { split: "train", batchSize, sequenceLength, seed: seed + phase, ...(state ? { state } : {}) }));
}
