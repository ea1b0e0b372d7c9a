import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "@llm/backend";
import { countParameters, type LlamaConfig } from "@llm/model";
import { progressOf, type Spent } from "./budget.js";
import { markFinished, publishWeights, type RunState, type RunTensors, restoreTensors, saveCheckpoint } from "./checkpoint.js";
import { phasesOf, TrainingData } from "./data.js";
import { TrainerError } from "./errors.js";
import { createEvaluator, type Evaluation, type EvaluationProgress } from "./evaluate.js";
import { openLog } from "./log.js";
import type { Microbatch } from "./microbatch.js";
import { createAdamW } from "./optim/adamw.js";
import { createMuon } from "./optim/muon.js";
import { learningRate } from "./optim/schedule.js";
import type { Settings, TrainOptions } from "./options.js";
import { writeModelCard } from "./run-folder.js";
import { lockNewRun, openSession, type Session } from "./session.js";
import { createTrainStep } from "./step.js";

/** What happens during a run, in order. */
export type TrainEvent =
  | { type: "start"; config: LlamaConfig; settings: Settings; parameters: number; engine: string; resumedFrom: number | null; spent: Spent }
  | { type: "step"; step: number; loss: number; gradNorm: number; lr: number; tokens: number; seconds: number; progress: number; tokensPerSecond: number }
  | ({ type: "evaluating"; step: number; final: boolean } & EvaluationProgress)
  | ({ type: "eval"; step: number } & Evaluation)
  | { type: "checkpoint"; step: number; folder: string }
  | ({ type: "end" } & TrainSummary);

/** How a run, or this session of it, ended. */
export interface TrainSummary {
  run: string;
  /** "stopped": by the signal, after a checkpoint. "finished already": a resume found nothing left to do. */
  reason: "finished" | "finished already" | "stopped";
  step: number;
  /** Tokens that counted in the loss. */
  tokens: number;
  seconds: number;
  parameters: number;
  /** Loss of the last step; null when none was done. */
  loss: number | null;
  /** The final evaluation on the whole validation split; null without one or when stopped. */
  validation: Evaluation | null;
}

/**
 * Trains a model, as a stream of events. Nothing happens between two `next()` calls; leaving the loop early frees all
 * tensors and writes nothing more. Two runs with the same options, data and engine give the same losses, and so does a
 * run that was killed and resumed (with a budget in minutes up to the clock).
 *
 * @param options See {@link TrainOptions}.
 * @param context The engine, and a signal on which the run writes a checkpoint and ends with reason "stopped".
 * @throws {TrainerError} Before anything is written, if inputs do not fit or another process trains the run; on a loss that is not a number.
 */
export async function* train(options: TrainOptions, context: { engine: Engine; signal?: AbortSignal }): AsyncGenerator<TrainEvent, void, undefined> {
  const session = await openSession(options, context.engine);
  const lock = session.lock ?? (await lockNewRun(options.out));
  try {
    yield* trainSession(options, session, context);
  } finally {
    await lock.release();
  }
}

async function* trainSession(options: TrainOptions, session: Session, { engine, signal }: { engine: Engine; signal?: AbortSignal }): AsyncGenerator<TrainEvent, void, undefined> {
  const { out } = options;
  const { shards, config, settings, lineage, resumed, makeParameters } = session;
  const count = countParameters(config);
  const spent: Spent = { step: resumed?.state.step ?? 0, tokens: resumed?.state.tokens ?? 0, seconds: resumed?.state.seconds ?? 0 };
  const progress = (): number => progressOf(settings.budget, spent);
  let lastLoss: number | null = null;
  const summary = (reason: TrainSummary["reason"], validation: Evaluation | null): TrainEvent =>
    ({ type: "end", run: out, reason, ...spent, parameters: count, loss: lastLoss, validation });

  yield { type: "start", config, settings, parameters: count, engine: engine.name, resumedFrom: resumed?.state.step ?? null, spent: { ...spent } };
  if (resumed?.state.finished && progress() >= 1) {
    yield summary("finished already", resumed.state.validation);
    return;
  }

  const parameters = await makeParameters();
  const optimizer = { adamw: createAdamW, muon: createMuon }[settings.optimizer](parameters, { weightDecay: settings.weightDecay });
  const tensors: RunTensors = { model: parameters, optimizer: optimizer.state };
  const trainStep = createTrainStep(engine, { config, parameters }, optimizer, settings);
  const evaluator = shards.manifest.splits.val.lossTokens > 0 ? createEvaluator(engine, { config, parameters }, shards, settings) : undefined;
  const log = await openLog(out, spent.step);

  try {
    if (resumed) {
      await restoreTensors(resumed.folder, resumed.state, tensors);
      await publishWeights(out, resumed.folder);
    }
    await writeModelCard(out, options.shards, config, shards.manifest);
    const data = await TrainingData.open(shards, { phases: phasesOf(settings), seed: settings.seed, ...(resumed ? { cursor: resumed.state.data } : {}) });
    const schedule = { kind: settings.schedule, lr: settings.lr, warmup: settings.warmup, minRatio: settings.minLrRatio, decayFraction: settings.decayFraction };

    const clock = stopwatch(spent.seconds);
    const speed = speedometer();
    let saved: { folder: string; state: RunState } | undefined = resumed;
    let savedAt = spent.seconds;
    const save = async (): Promise<TrainEvent> => {
      if (saved?.state.step !== spent.step || saved.state.finished) {
        saved = await saveCheckpoint(out, tensors, { ...spent, finished: false, validation: null, settings, lineage, data: data.cursor, engine: engine.name });
      }
      savedAt = clock();
      return { type: "checkpoint", step: spent.step, folder: saved.folder };
    };
    const evaluateNow = async function* (tokens?: number): AsyncGenerator<TrainEvent, Evaluation, undefined> {
      const run = evaluator!.run({ signal, ...(tokens && { tokens }) });
      for (;;) {
        const { done, value } = await run.next();
        if (!done) yield { type: "evaluating", step: spent.step, final: tokens === undefined, ...value };
        else {
          const { loss, bitsPerByte, complete } = value;
          await log.write({ type: "eval", step: spent.step, loss, bitsPerByte, tokens: value.tokens, complete, seconds: spent.seconds });
          yield { type: "eval", step: spent.step, ...value };
          return value;
        }
      }
    };

    /** Whether the signal cut an evaluation off: a stop that was asked for, and no failure. */
    const cutOff = (error: unknown): boolean => signal?.aborted === true && error === signal.reason;

    // The first checkpoint holds the untrained model, so that a run can be resumed and opened from its first second.
    if (!resumed) yield await save();

    while (progress() < 1) {
      if (signal?.aborted) {
        yield await save();
        yield summary("stopped", null);
        return;
      }
      const begin = clock();
      const lr = learningRate(schedule, spent.step, progress());
      const microbatches: Microbatch[] = [];
      while (microbatches.length < settings.accumulate) microbatches.push(await data.next(progress()));
      const { loss, gradNorm } = await trainStep.run(microbatches, { lr, step: spent.step + 1 });
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        throw new TrainerError(
          `Training broke down at step ${spent.step + 1}: the loss is ${loss}, the gradient's norm ${gradNorm} (learning rate ${lr}). ` +
            `Nothing of it was saved; the newest checkpoint is step ${saved?.state.step ?? 0}. Start again with a lower --lr or a longer --warmup.`,
        );
      }
      const stepTokens = microbatches.reduce((sum, microbatch) => sum + microbatch.count, 0);
      spent.step += 1;
      spent.tokens += stepTokens;
      spent.seconds = clock();
      lastLoss = loss;
      await log.write({ type: "step", step: spent.step, loss, gradNorm, lr, tokens: spent.tokens, seconds: spent.seconds });
      yield { type: "step", ...spent, loss, gradNorm, lr, progress: Math.min(1, progress()), tokensPerSecond: speed(stepTokens, spent.seconds - begin) };

      const due = (every: number): boolean => every > 0 && spent.step % every === 0;
      if (evaluator && due(settings.evalEvery) && progress() < 1) {
        try {
          yield* evaluateNow(settings.evalTokens);
        } catch (error) {
          if (!cutOff(error)) throw error;
          continue; // saves and ends
        }
        spent.seconds = clock();
      }
      if (due(settings.checkpointSteps) || (settings.checkpointMinutes > 0 && clock() - savedAt >= settings.checkpointMinutes * 60)) yield await save();
      await nextTurn(); // lets signals and timers through on engines that never wait
    }

    yield await save();
    let validation: Evaluation | null = null;
    try {
      if (evaluator) validation = yield* evaluateNow();
    } catch (error) {
      if (!cutOff(error)) throw error;
      yield summary("stopped", null);
      return;
    }
    await markFinished(saved!.folder, { ...saved!.state, finished: true, validation });
    yield summary("finished", validation);
  } finally {
    await log.close();
    trainStep.dispose();
    evaluator?.dispose();
    optimizer.dispose();
    tf.dispose([...parameters.values()]);
  }
}

/** Seconds since now, on top of those that earlier sessions took. */
function stopwatch(before: number): () => number {
  const start = performance.now();
  return () => before + (performance.now() - start) / 1000;
}

/** Tokens per second over about the last twenty steps. */
function speedometer(): (tokens: number, seconds: number) => number {
  let tokenSum = 0;
  let secondSum = 0;
  return (tokens, seconds) => {
    tokenSum = 0.95 * tokenSum + tokens;
    secondSum = 0.95 * secondSum + seconds;
    return secondSum > 0 ? tokenSum / secondSum : 0;
  };
}
