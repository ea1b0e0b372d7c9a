import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { describe, expect, onTestFinished, test } from "vitest";
import { inRuns } from "./completion.js";
import { kubernetesJobs, slurmScript } from "./manifests.js";
import type { LoadedPlan } from "./plan.js";
import { dealRanks } from "./units.js";

const plan = (ranks: number): LoadedPlan => ({
  format: "llm-plan",
  version: 1,
  task: "prepare",
  package: "@llm/dataset@1.0.0",
  out: "/shared/out",
  fingerprint: "0123456789abcdef",
  options: {},
  files: [{ name: "a.parquet", address: "a.parquet", kind: "parquet", size: 1, digest: "d", path: "/shared/in/a.parquet" }],
  units: [],
  ranks: Array.from({ length: ranks }, (_, i) => [i, i + 1]),
  sha256: "",
  path: "/shared/plan.json",
});

/** Runs a script in bash with programs of its own, which note how they are called. */
async function bash(script: string, env: Record<string, string>): Promise<{ status: number | null; calls: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "llm-manifest-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "job.sh");
  await writeFile(file, script);
  expect(spawnSync("bash", ["-n", file]).status).toBe(0);
  for (const name of ["sbatch", "llm-dataset"]) {
    await writeFile(join(folder, name), `#!/bin/bash\nprintf '%s|' ${name} "$@" >> ${folder}/calls; echo >> ${folder}/calls; echo "4$(wc -l < ${folder}/calls)"\n`);
    await chmod(join(folder, name), 0o755);
  }
  const { status } = spawnSync("bash", [file], { env: { PATH: `${folder}:${process.env.PATH}`, ...env } });
  return { status, calls: (await readFile(join(folder, "calls"), "utf8")).trim().split("\n").map((line) => line.replaceAll(file, "FILE")) };
}

describe("a Slurm script", () => {
  test("is as it should be", () => {
    expect(slurmScript(plan(8), { plan: "/shared/my plan's.json", concurrency: 4, cpus: 2, memory: 3, time: "01:00:00", partition: "cpu" })).toMatchInlineSnapshot(`
      "#!/bin/bash
      # 8 ranks of /shared/my plan's.json. Submit with: bash THIS_FILE
      # What is complete is skipped, so it can be submitted again after a failure.
      #SBATCH --job-name=llm-prepare-01234567
      #SBATCH --array=0-7%4
      #SBATCH --partition=cpu
      #SBATCH --cpus-per-task=2
      #SBATCH --mem=3G
      #SBATCH --time=01:00:00
      #SBATCH --requeue
      #SBATCH --output=llm-prepare-01234567-%A-%a.log
      #SBATCH --open-mode=append
      set -euo pipefail

      if [[ -n "\${SLURM_ARRAY_TASK_ID:-}" ]]; then
        exec llm-dataset run-rank '/shared/my plan'\\''s.json' --rank "$((\${FIRST_RANK:-0} + SLURM_ARRAY_TASK_ID))" --workers 2
      fi

      jobs=""
      for ((first = 0; first < 8; first += 8)); do
        last=$((8 - first < 8 ? 8 - first - 1 : 8 - 1))
        jobs+=":$(sbatch --parsable --array="0-$last%4" --export="ALL,FIRST_RANK=$first" "$0")"
      done
      sbatch --dependency="afterok$jobs" --kill-on-invalid-dep=yes --job-name=llm-prepare-01234567-collect --output=llm-prepare-01234567-collect-%j.log --partition=cpu --cpus-per-task=2 --mem=3G --time=01:00:00 --requeue --wrap='llm-dataset collect '\\''/shared/my plan'\\''\\'\\'''\\''s.json'\\'' --workers 2'
      "
    `);
  });

  test("does the rank of its task, and submits arrays no larger than allowed with a job behind them", async () => {
    const script = slurmScript(plan(25), { plan: "/shared/my plan's.json", maxArray: 10, concurrency: 3 });
    expect(await bash(script, { SLURM_ARRAY_TASK_ID: "4" })).toEqual({ status: 0, calls: ["llm-dataset|run-rank|/shared/my plan's.json|--rank|4|--workers|1|"] });
    expect(await bash(script, { SLURM_ARRAY_TASK_ID: "4", FIRST_RANK: "20" })).toEqual({ status: 0, calls: ["llm-dataset|run-rank|/shared/my plan's.json|--rank|24|--workers|1|"] });
    const { status, calls } = await bash(script, {});
    expect(status).toBe(0);
    expect(calls.slice(0, 3)).toEqual(["0", "10", "20"].map((first, i) => `sbatch|--parsable|--array=0-${i === 2 ? 4 : 9}%3|--export=ALL,FIRST_RANK=${first}|FILE|`));
    expect(calls[3]).toMatch(/^sbatch\|--dependency=afterok:41:42:43\|--kill-on-invalid-dep=yes\|--job-name=llm-prepare-01234567-collect\|.*\|--requeue\|--wrap=llm-dataset collect '\/shared\/my plan'\\''s.json' --workers 1\|$/);
  });

  test("can't be made to say more than it should", () => {
    expect(() => slurmScript(plan(2), { plan: "/p", name: "a b" })).toThrow(/can't be named "a b"/);
    expect(() => slurmScript(plan(2), { plan: "/p", partition: "x\nrm -rf" })).toThrow(/line end/);
    expect(() => slurmScript(plan(2), { plan: "/p\nrm" })).toThrow(/line end/);
  });
});

describe("Kubernetes jobs", () => {
  const options = { plan: "/shared/my plan's.json", image: "registry/image:1", claim: "data", mount: "/shared" };

  test("are as they should be", () => {
    expect(kubernetesJobs(plan(8), { ...options, concurrency: 4, cpus: 2, namespace: "lab" })).toMatchInlineSnapshot(`
      "# 8 ranks of /shared/my plan's.json. Submit with: kubectl apply -f THIS_FILE
      apiVersion: batch/v1
      kind: Job
      metadata:
        name: "llm-prepare-01234567"
        namespace: "lab"
        labels:
          app.kubernetes.io/name: "llm-prepare-01234567"
      spec:
        completionMode: Indexed
        completions: 8
        parallelism: 4
        backoffLimitPerIndex: 3
        maxFailedIndexes: 8
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: "work"
                image: "registry/image:1"
                command: ["/bin/sh", "-c"]
                args: ["exec llm-dataset run-rank '/shared/my plan'\\\\''s.json' --rank \\"$JOB_COMPLETION_INDEX\\" --workers 2"]
                resources:
                  requests: { cpu: "2", memory: "4Gi" }
                  limits: { memory: "4Gi" }
                volumeMounts:
                  - name: "shared"
                    mountPath: "/shared"
            volumes:
              - name: "shared"
                persistentVolumeClaim:
                  claimName: "data"
      ---
      apiVersion: batch/v1
      kind: Job
      metadata:
        name: "llm-prepare-01234567-collect"
        namespace: "lab"
        labels:
          app.kubernetes.io/name: "llm-prepare-01234567"
      spec:
        backoffLimit: 3
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: "work"
                image: "registry/image:1"
                command: ["/bin/sh", "-c"]
                args: ["exec llm-dataset collect '/shared/my plan'\\\\''s.json' --wait 168 --workers 2"]
                resources:
                  requests: { cpu: "2", memory: "4Gi" }
                  limits: { memory: "4Gi" }
                volumeMounts:
                  - name: "shared"
                    mountPath: "/shared"
            volumes:
              - name: "shared"
                persistentVolumeClaim:
                  claimName: "data"
      "
    `);
  });

  test("are YAML of an indexed job and one that collects, whose commands do what they should", async () => {
    const documents = parseAllDocuments(kubernetesJobs(plan(8), { ...options, concurrency: 4 }));
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    const [ranks, collect] = documents.map((document) => document.toJS() as { apiVersion: string; kind: string; spec: Record<string, unknown> & { template: { spec: { restartPolicy: string; containers: { args: string[]; command: string[]; volumeMounts: unknown[] }[] } } } });
    for (const job of [ranks!, collect!]) expect(job).toMatchObject({ apiVersion: "batch/v1", kind: "Job", spec: { template: { spec: { restartPolicy: "Never", containers: [{ image: "registry/image:1", command: ["/bin/sh", "-c"], volumeMounts: [{ name: "shared", mountPath: "/shared" }] }], volumes: [{ name: "shared", persistentVolumeClaim: { claimName: "data" } }] } } } });
    expect(ranks!.spec).toMatchObject({ completionMode: "Indexed", completions: 8, parallelism: 4, backoffLimitPerIndex: 3, maxFailedIndexes: 8 });
    const script = (job: typeof ranks): string => job!.spec.template.spec.containers[0]!.args[0]!;
    expect((await bash(script(ranks), { JOB_COMPLETION_INDEX: "5" })).calls).toEqual(["llm-dataset|run-rank|/shared/my plan's.json|--rank|5|--workers|1|"]);
    expect((await bash(script(collect), {})).calls).toEqual(["llm-dataset|collect|/shared/my plan's.json|--wait|168|--workers|1|"]);
  });

  test("need everything below the mounted path", () => {
    expect(() => kubernetesJobs(plan(2), { ...options, mount: "/shared/in" })).toThrow(/my plan's.json is not below \/shared\/in/);
    expect(() => kubernetesJobs(plan(2), { ...options, mount: "/share" })).toThrow(/not below \/share,/);
  });
});

test("ranks are runs of units of about equal bytes, and none is empty", () => {
  const units = Array.from({ length: 37 }, (_, i) => ({ bytes: 1 + ((i * 7919) % 100) }));
  const total = units.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const count of [1, 2, 5, 36, 37, 38, 1000]) {
    const ranks = dealRanks(units, count);
    expect(ranks).toHaveLength(Math.min(37, count));
    expect(ranks.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual([...units.keys()]);
    for (const [from, to] of ranks) {
      expect(to).toBeGreaterThan(from);
      if (count <= 5) expect(Math.abs(units.slice(from, to).reduce((sum, { bytes }) => sum + bytes, 0) - total / count)).toBeLessThanOrEqual(100);
    }
  }
  expect(dealRanks([{ bytes: 0 }, { bytes: 0 }], 2)).toEqual([[0, 1], [1, 2]]);
  expect(inRuns([0, 2, 3, 4, 9])).toBe("0, 2-4, 9");
});
