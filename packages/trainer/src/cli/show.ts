import { createProgress, formatCount, formatDuration, type Progress } from "@llm/cli-kit";
import type { Budget, Spent } from "../budget.js";
import { writeReport } from "../report.js";
import type { TrainEvent, TrainSummary } from "../train.js";

type StartEvent = Extract<TrainEvent, { type: "start" }>;

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const bits = (value: number | null, unit: string): string => (value === null ? "" : `${value.toFixed(4)} ${unit}`);

/** Shows a run on standard error, keeps its loss picture up to date and returns how it ended. */
export async function showEvents(label: string, events: AsyncIterable<TrainEvent>, out: string): Promise<TrainSummary> {
  let bar: Progress | undefined;
  let doneOf = (_: Spent): number => 0;
  let validation = "";
  let evaluating = false;
  let summary: TrainSummary | undefined;
  try {
    for await (const event of events) {
      switch (event.type) {
        case "start": {
          describe(event);
          const { unit, amount } = event.settings.budget;
          const total = inUnits(unit, { step: amount, tokens: amount, seconds: amount * 60 });
          // A resumed run counts what is left, so that the time left is right from its first step.
          const before = inUnits(unit, event.spent);
          doneOf = (spent) => Math.min(total, inUnits(unit, spent)) - before;
          if (before < total) bar = createProgress({ label, total: total - before, unit: unit === "minutes" ? "s" : unit });
          break;
        }
        case "step":
          bar?.update(doneOf(event), `loss ${event.loss.toFixed(3)}${validation}, ${formatCount(Math.round(event.tokensPerSecond))} tokens/s`);
          break;
        case "evaluating":
          // Evaluations during training are short; the final one reads the whole split and has a bar of its own.
          if (!event.final) break;
          if (!evaluating) {
            bar?.stop();
            bar = createProgress({ label: "evaluate", total: event.total, unit: "tokens" });
            evaluating = true;
          }
          bar?.update(event.tokens);
          break;
        case "eval":
          validation = `, val ${event.loss.toFixed(3)}`;
          break;
        case "checkpoint":
          if (event.step > 0) await writeReport(out);
          break;
        case "end":
          summary = event;
      }
    }
  } finally {
    bar?.stop();
  }
  await writeReport(out);
  say(closingLine(summary!));
  return summary!;
}

const inUnits = (unit: Budget["unit"], { step, tokens, seconds }: Spent): number => ({ steps: step, tokens, minutes: seconds })[unit];

function describe({ parameters, config, settings, resumedFrom }: StartEvent): void {
  const { preset, batchSize, sequenceLength, accumulate, optimizer, lr, schedule, budget } = settings;
  say(`model        ${formatCount(parameters)} parameters${preset ? ` (${preset})` : ""}, vocabulary ${formatCount(config.vocabSize)}`);
  say(`steps        ${batchSize} x ${sequenceLength} tokens${accumulate > 1 ? ` x ${accumulate}` : ""}, ${optimizer}, lr ${lr} ${schedule}, budget ${budget.amount} ${budget.unit}`);
  if (resumedFrom !== null) say(`resumed      at step ${resumedFrom}`);
}

function closingLine({ reason, run, step, seconds, tokens, validation }: TrainSummary): string {
  if (reason === "stopped") return `stopped      at step ${step}; the same command with --resume goes on from there`;
  const result = validation ? [`validation loss ${validation.loss.toFixed(4)}`, bits(validation.bitsPerByte, "bits per byte")] : [];
  const parts = [`${step} steps`, `${formatCount(tokens)} tokens in ${formatDuration(seconds)}`, ...result].filter(Boolean);
  return `${(reason === "finished" ? "done" : "was done").padEnd(12)} ${run}: ${parts.join(", ")}`;
}
