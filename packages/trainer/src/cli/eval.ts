import type { EngineName } from "@llm/backend";
import { addCommonOptions, type Command, createProgress, formatCount, integer, Option, printJson, type Progress, stopSignal } from "@llm/cli-kit";
import { evaluate } from "../evaluate.js";
import { engineOption, openAndSay } from "./engine.js";

interface EvalFlags {
  shards: string;
  run: string;
  split: "train" | "val";
  batchSize?: number;
  sequenceLength?: number;
  engine?: EngineName;
  json?: boolean;
}

/** Adds `llm-trainer eval`. */
export function addEvalCommand(program: Command): void {
  const command = program
    .command("eval")
    .description("loss and bits per byte of a trained model on shards written with its tokenizer")
    .requiredOption("--shards <folder>", "token shards of llm-bpe tokenize")
    .requiredOption("--run <folder>", "run folder of llm-trainer")
    .addOption(new Option("--split <name>", "which split to read").choices(["train", "val"]).default("val"))
    .option("--batch-size <rows>", "rows per batch (default: as the run was trained, else 8)", integer(1))
    .option("--sequence-length <tokens>", "tokens per row (default: as the run was trained, else the model's context, at most 1024)", integer(1))
    .addOption(engineOption());
  addCommonOptions(command).action(async ({ json, engine: prefer, ...options }: EvalFlags) => {
    const { signal, release } = stopSignal("stopping…");
    const engine = await openAndSay(prefer);
    let bar: Progress | undefined;
    try {
      const result = await evaluate(options, {
        engine,
        signal,
        onProgress({ tokens, total }) {
          bar ??= createProgress({ label: "evaluate", total, unit: "tokens" });
          bar.update(tokens);
        },
      });
      if (json) printJson({ ...result, engine: engine.name });
      else {
        const bits = result.bitsPerByte === null ? "" : `, ${result.bitsPerByte.toFixed(4)} bits per byte`;
        process.stderr.write(`${result.split}: loss ${result.loss.toFixed(4)}${bits} (${formatCount(result.tokens)} tokens)\n`);
      }
    } finally {
      bar?.stop();
      release();
      engine.dispose();
    }
  });
}
