import { addCommonOptions, type Command, fraction, integer, number, Option, printJson, stopSignal } from "@llm/cli-kit";
import type { Engine, EngineName } from "@llm/backend";
import { SCHEDULES } from "../optim/schedule.js";
import type { TrainOptions } from "../options.js";
import { PRECISIONS } from "../step.js";
import { train, type TrainSummary } from "../train.js";
import { engineOption, openAndSay } from "./engine.js";
import { showEvents } from "./show.js";

type TrainFlags = TrainOptions & { engine?: EngineName; json?: boolean };

const BY_SIZE = "(default: by the model's size)";

/** Adds `llm-trainer pretrain` and `llm-trainer sft`. */
export function addTrainCommands(program: Command): void {
  const pretrain = program
    .command("pretrain")
    .description("trains a new model on documents")
    .option("--preset <name>", "size of the model, a preset of @llm/model (default: sample)");
  const sft = program
    .command("sft")
    .description("fine-tunes a trained model, on chats with the loss on the assistant's tokens only")
    .requiredOption("--from <folder>", "run whose weights to start from");
  for (const command of [pretrain, sft]) {
    addTrainOptions(command).action(async (flags: TrainFlags) => {
      const summary = await runTraining(command.name(), flags);
      if (summary.reason === "stopped") process.exitCode = 130;
    });
  }
}

function addTrainOptions(command: Command): Command {
  command
    .requiredOption("--shards <folder>", "token shards of llm-bpe tokenize")
    .requiredOption("--out <folder>", "run folder to write")
    .option("--resume", "go on from the newest checkpoint in --out, with the run's own options (default: no)")
    .addOption(new Option("--steps <n>", "budget in optimizer steps (default: by the model's size)").argParser(integer(1)).conflicts(["tokens", "minutes"]))
    .addOption(new Option("--tokens <n>", "budget in tokens that count in the loss (default: none)").argParser(integer(1)).conflicts(["steps", "minutes"]))
    .addOption(new Option("--minutes <m>", "budget in minutes of training (default: none)").argParser(number(1e-3)).conflicts(["steps", "tokens"]))
    .option("--batch-size <rows>", `rows of a microbatch ${BY_SIZE}`, integer(1))
    .option("--sequence-length <tokens>", `tokens of a row ${BY_SIZE}`, integer(2))
    .option("--accumulate <n>", "microbatches per optimizer step (default: 1)", integer(1))
    .option("--recompute", "compute layers again in the backward pass: less memory, a third more time (default: no)")
    .addOption(new Option("--precision <kind>", "of matrix products; bfloat16 needs TensorFlow (default: float32)").choices([...PRECISIONS]))
    .option("--short-start <share>", "first share of the budget with rows of half length, twice as many (default: 0)", fraction)
    .option("--lr <rate>", `highest learning rate ${BY_SIZE}`, number(1e-12))
    .addOption(new Option("--schedule <kind>", "how the learning rate falls (default: cosine)").choices([...SCHEDULES]))
    .option("--warmup <steps>", "steps of warmup, at most a tenth of the budget (default: 50)", integer(0))
    .option("--min-lr-ratio <share>", "lowest learning rate as a share of --lr (default: 0.1 for cosine, else 0)", fraction)
    .option("--decay-fraction <share>", "last share of the budget in which wsd decays (default: 0.5)", fraction)
    .option("--weight-decay <w>", "decoupled weight decay of matrices (default: 0.1)", number(0))
    .option("--clip <norm>", "bound of the gradient's norm, 0 for none (default: 1)", number(0))
    .addOption(new Option("--optimizer <kind>", "rule that updates the weights (default: muon)").choices(["adamw", "muon"]))
    .option("--eval-every <steps>", "steps between evaluations, 0 for the final one only (default: 200)", integer(0))
    .option("--eval-tokens <n>", "validation tokens of those evaluations (default: 16384)", integer(1))
    .option("--checkpoint-minutes <m>", "minutes between checkpoints, 0 for none by time (default: 5)", number(0))
    .option("--checkpoint-steps <n>", "steps between checkpoints, 0 for none by steps (default: 0)", integer(0))
    .option("--seed <n>", "seed of the first weights and of the order of the data (default: 0)", integer(0))
    .addOption(engineOption());
  return addCommonOptions(command);
}

async function runTraining(label: string, { engine: prefer, json, ...options }: TrainFlags): Promise<TrainSummary> {
  const { signal, release } = stopSignal("stopping after this step and a checkpoint; once more to stop at once");
  let engine: Engine | undefined;
  try {
    engine = await openAndSay(prefer);
    const summary = await showEvents(label, train(options, { engine, signal }), options.out);
    if (json) printJson({ ...summary, engine: { name: engine.name, device: engine.device, version: engine.version, reason: engine.reason } });
    return summary;
  } finally {
    release();
    engine?.dispose();
  }
}
