// The Slurm script and the Kubernetes jobs of a plan, with what a cluster would do by hand: sbatch runs the tasks of its array here, the
// commands of the jobs run with their index.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { ok, run, temporaryFolder } from "../run.mjs";
import { binPath } from "../stages.mjs";
import { digests, writeInputs } from "./inputs.mjs";
import { must } from "./ray.mjs";

const work = temporaryFolder();
afterAll(work.remove);
const SETTINGS = ["--unit-size", "0.1"];
const command = `${process.execPath} ${binPath("llm-dataset")}`;

beforeAll(async () => {
  await writeInputs(work.at("in"), { files: 2, rows: 300 });
  await ok("llm-dataset", ["prepare", work.at("in"), "--out", work.at("one"), "--workers", "1", ...SETTINGS]);
  // An array's tasks one after the other, in the environment that Slurm gives them; then a job that was to wait for it.
  mkdirSync(work.at("bin"));
  writeFileSync(
    work.at("bin/sbatch"),
    `#!/bin/bash
set -e
export FIRST_RANK=0
for option in "$@"; do
  case "$option" in
    --array=*) range="\${option#--array=}"; last="\${range#*-}"; last="\${last%%%*}" ;;
    --export=ALL,*) export "\${option#--export=ALL,}" ;;
    --dependency=afterok:*) [[ "$option" == "--dependency=afterok:7:7" ]] ;;
    --wrap=*) bash -c "\${option#--wrap=}" >&2 ;;
    -*) ;;
    *) for ((task = 0; task <= last; task++)); do SLURM_ARRAY_TASK_ID=$task bash "$option" >&2; done; echo 7 ;;
  esac
done
`,
  );
  chmodSync(work.at("bin/sbatch"), 0o755);
});

const planned = async (/** @type {string} */ name) => {
  const plan = work.at(`${name}.plan.json`);
  const { stdout } = await ok("llm-dataset", ["plan", "prepare", work.at("in"), "--out", work.at(name), "--ranks", "3", "--json", ...SETTINGS]);
  expect(JSON.parse(stdout)).toMatchObject({ plan, ranks: 3 });
  return plan;
};

it("Slurm: bash submits the arrays and what collects, and the tasks do their ranks", async () => {
  const plan = await planned("slurm");
  await ok("llm-dataset", ["manifest", "slurm", plan, "--command", command, "--max-array", "2", "--out", work.at("job.sh")]);
  await must("bash", ["-n", work.at("job.sh")]);
  await must("bash", [work.at("job.sh")], { env: { PATH: `${work.at("bin")}${delimiter}${process.env.PATH}` } });
  expect(digests(work.at("slurm"))).toEqual(digests(work.at("one")));
});

it("Kubernetes: the indexed job does the ranks, and the other one waits for them", async () => {
  const plan = await planned("kubernetes");
  const { stdout } = await ok("llm-dataset", ["manifest", "kubernetes", plan, "--command", command, "--image", "node:20", "--claim", "data", "--mount", work.folder]);
  const [ranks, collect] = parseAllDocuments(stdout).map((document) => document.toJS());
  /** @param {any} job @param {Record<string, string>} env */
  const pod = (job, env) => {
    const { command: [program, ...first], args } = job.spec.template.spec.containers[0];
    return run(program, [...first, ...args], { env });
  };
  // The one that collects is there from the beginning.
  const collected = pod(collect, {});
  for (let index = 0; index < ranks.spec.completions; index++) expect(await pod(ranks, { JOB_COMPLETION_INDEX: String(index) })).toMatchObject({ code: 0 });
  expect(await collected).toMatchObject({ code: 0 });
  expect(digests(work.at("kubernetes"))).toEqual(digests(work.at("one")));
  expect(JSON.parse(readFileSync(work.at("kubernetes/report.json"), "utf8")).rejected.duplicate).toBeGreaterThan(10);
});

it("a rank that is not named is wrong usage, one that is missing is told", async () => {
  const plan = await planned("partly");
  const none = await run(process.execPath, [binPath("llm-dataset"), "run-rank", plan], { env: { SLURM_ARRAY_TASK_ID: "", JOB_COMPLETION_INDEX: "" } });
  expect(none).toMatchObject({ code: 2 });
  expect(none.stderr).toMatch(/Which rank\? Give --rank/);
  await ok("llm-dataset", ["run-rank", plan], { env: { SLURM_ARRAY_TASK_ID: "1" } });
  const early = await run(process.execPath, [binPath("llm-dataset"), "collect", plan]);
  expect(early.code).toBe(1);
  expect(early.stderr).toMatch(/error: 2 of 3 ranks of .* are not complete: 0, 2\. Run these again/);
});
