import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { main } from "../src/cli.js";
import { countingDocuments, makeShards, temporaryFolder } from "./helpers.js";

/** Runs the command line in this process and catches what it writes. */
async function llmTrainer(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const caught = { out: "", err: "" };
  const { stdout, stderr } = process;
  const [writeOut, writeErr] = [stdout.write, stderr.write];
  stdout.write = ((chunk: string) => Boolean((caught.out += chunk))) as typeof stdout.write;
  stderr.write = ((chunk: string) => Boolean((caught.err += chunk))) as typeof stderr.write;
  try {
    const code = await main(args);
    return { code, ...caught };
  } finally {
    stdout.write = writeOut;
    stderr.write = writeErr;
  }
}

afterEach(() => {
  process.exitCode = undefined;
});

describe("llm-trainer", () => {
  it("pretrains, fine-tunes and evaluates, with the results as JSON", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12), val: countingDocuments(3) });
    const shape = ["--batch-size", "2", "--sequence-length", "24", "--engine", "cpu", "--json"];
    const base = join(folder, "base");
    const pretrained = await llmTrainer("pretrain", "--shards", shards, "--out", base, "--preset", "test", "--steps", "4", ...shape);
    expect(pretrained.code).toBe(0);
    expect(pretrained.err).toMatch(/engine +cpu/);
    const summary = JSON.parse(pretrained.out) as { validation: { loss: number; bitsPerByte: number } };
    expect(summary).toMatchObject({ reason: "finished", step: 4, run: base, engine: { name: "cpu" } });
    expect(readFileSync(join(base, "trainer", "loss.html"), "utf8")).toContain("<svg");
    expect(existsSync(join(base, "trainer", "loss.svg"))).toBe(true);

    const tuned = await llmTrainer("sft", "--shards", shards, "--from", base, "--out", join(folder, "tuned"), "--steps", "2", ...shape);
    expect(JSON.parse(tuned.out)).toMatchObject({ reason: "finished", step: 2 });

    const evaluated = await llmTrainer("eval", "--shards", shards, "--run", base, ...shape);
    expect(evaluated.code).toBe(0);
    const { loss, bitsPerByte } = JSON.parse(evaluated.out) as { loss: number; bitsPerByte: number };
    expect(loss).toBeCloseTo(summary.validation.loss, 4);
    expect(bitsPerByte).toBeCloseTo(summary.validation.bitsPerByte, 4);
  });

  it("exits 2 on wrong usage", async () => {
    expect((await llmTrainer("pretrain", "--shards", "x", "--out", "y", "--steps", "3", "--minutes", "2")).code).toBe(2);
    expect((await llmTrainer("pretrain", "--out", "y")).code).toBe(2);
    expect((await llmTrainer("pretrain", "--shards", "x", "--out", "y", "--lr", "fast")).code).toBe(2);
    expect((await llmTrainer("sft", "--shards", "x", "--out", "y")).code).toBe(2);
    expect((await llmTrainer("pretrain", "--shards", "x", "--out", "y", "--optimizer", "sgd")).code).toBe(2);
  });

  it("exits 1 with one message on a missing folder and on a folder in use", async () => {
    const folder = await temporaryFolder();
    const missing = await llmTrainer("pretrain", "--shards", join(folder, "none"), "--out", join(folder, "run"), "--preset", "test", "--engine", "cpu");
    expect(missing.code).toBe(1);
    expect(missing.err).toContain(join(folder, "none"));
    expect(missing.err).not.toContain("defect");
    const used = await llmTrainer("pretrain", "--shards", "x", "--out", process.cwd(), "--engine", "cpu");
    expect(used.code).toBe(1);
    expect(used.err).toMatch(/not a run/);
  });

  it("says each option's default in its help", async () => {
    for (const command of ["pretrain", "sft", "eval"]) {
      const { code, out } = await llmTrainer(command, "--help");
      expect(code).toBe(0);
      const options = out.replace(/\n {10,}/g, " ").split("\n").filter((line) => /^ {2}--(?!json|shards|out|from|run )/.test(line));
      for (const line of options) expect(line).toMatch(/\(.*default/);
    }
  });
});
