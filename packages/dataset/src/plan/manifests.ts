import { DatasetError } from "../errors.js";
import { type LoadedPlan, commandOf } from "./plan.js";

/** What both kinds of manifests need. */
export interface ManifestOptions {
  /** The program, as it is called on the machines; default `llm-dataset` or `llm-bpe`. */
  command?: string;
  /** The plan's path on the machines. */
  plan: string;
  /** Ranks that run at once; default all. */
  concurrency?: number | undefined;
  /** Processors of a rank, of which it uses as many threads; default 1. */
  cpus?: number;
  /** Memory of a rank in gigabytes (2^30 bytes); default 4. */
  memory?: number;
  /** Name of the jobs; default the task and the beginning of the plan's fingerprint. */
  name?: string | undefined;
}

/** Options of {@link slurmScript}. */
export interface SlurmOptions extends ManifestOptions {
  /** Time limit of a rank, as sbatch takes it; default "12:00:00". */
  time?: string;
  partition?: string | undefined;
  /** Tasks of one array: at most what the cluster's MaxArraySize allows; default 1,000. */
  maxArray?: number;
}

/** Options of {@link kubernetesJobs}. */
export interface KubernetesOptions extends ManifestOptions {
  /** The container image, with Node and the package. */
  image: string;
  /** The persistent volume claim of the shared file system, and where it is mounted: the same path that the plan has. */
  claim: string;
  mount: string;
  namespace?: string | undefined;
  /** How often a rank is tried again; default 3. */
  retries?: number;
  /** Hours that the job that collects waits for the ranks; default 168, a week. */
  wait?: number;
}

/** The name of the jobs. @throws DatasetError for one that a cluster would not take */
function nameOf(plan: LoadedPlan, name = `llm-${plan.task}-${plan.fingerprint.slice(0, 8)}`): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/.test(name)) throw new DatasetError(`A job can't be named "${name}": expected up to 52 lower-case letters, digits and "-" between them.`);
  return name;
}

/** What is collected with threads: shards are written one after the other. */
const threadsOf = ({ task }: LoadedPlan, cpus: number): string => (task === "prepare" ? ` --workers ${cpus}` : "");

/** A word of a shell, quoted. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** What goes into a "#SBATCH" line must be one line. */
function oneLine(what: string, text: string): string {
  if (/[\r\n]/.test(text)) throw new DatasetError(`${what} ${JSON.stringify(text)} has a line end; expected one line.`);
  return text;
}

/**
 * A script that is both: run with bash it submits the ranks as job arrays, and a job that collects when all of them are done
 * (`--dependency=afterok`); as a task of the array it does its rank. Tasks of nodes that fail are queued again (`--requeue`).
 */
export function slurmScript(plan: LoadedPlan, { command = commandOf(plan.task), plan: path, concurrency, cpus = 1, memory = 4, time = "12:00:00", partition, maxArray = 1000, name }: SlurmOptions): string {
  const ranks = plan.ranks.length;
  const job = nameOf(plan, name);
  const size = Math.min(ranks, maxArray);
  const percent = concurrency === undefined ? "" : `%${concurrency}`;
  const shared = [...(partition === undefined ? [] : [`--partition=${oneLine("The partition", partition)}`]), `--cpus-per-task=${cpus}`, `--mem=${memory}G`, `--time=${oneLine("The time", time)}`, "--requeue"];
  const file = quoted(path);
  return `#!/bin/bash
# ${ranks} ranks of ${oneLine("The path", path)}. Submit with: bash THIS_FILE
# What is complete is skipped, so it can be submitted again after a failure.
#SBATCH --job-name=${job}
#SBATCH --array=0-${size - 1}${percent}
${shared.map((option) => `#SBATCH ${option}`).join("\n")}
#SBATCH --output=${job}-%A-%a.log
#SBATCH --open-mode=append
set -euo pipefail

if [[ -n "\${SLURM_ARRAY_TASK_ID:-}" ]]; then
  exec ${command} run-rank ${file} --rank "$((\${FIRST_RANK:-0} + SLURM_ARRAY_TASK_ID))" --workers ${cpus}
fi

jobs=""
for ((first = 0; first < ${ranks}; first += ${size})); do
  last=$((${ranks} - first < ${size} ? ${ranks} - first - 1 : ${size} - 1))
  jobs+=":$(sbatch --parsable --array="0-$last${percent}" --export="ALL,FIRST_RANK=$first" "$0")"
done
sbatch --dependency="afterok$jobs" --kill-on-invalid-dep=yes --job-name=${job}-collect --output=${job}-collect-%j.log ${shared.map(quoted).join(" ")} --wrap=${quoted(`${command} collect ${file}${threadsOf(plan, cpus)}`)}
`;
}

/** A string in YAML: JSON's form is one of YAML's. */
const text = (value: string): string => JSON.stringify(value);

/**
 * Two Kubernetes jobs: an indexed one of which each index does a rank, tried again by itself (`backoffLimitPerIndex`, Kubernetes 1.33, or
 * 1.29 as a beta), and one that waits for the ranks' markers and collects. The shared file system is a persistent volume claim
 * that many nodes can mount.
 */
export function kubernetesJobs(plan: LoadedPlan, { command = commandOf(plan.task), plan: path, concurrency, cpus = 1, memory = 4, name, image, claim, mount, namespace, retries = 3, wait = 168 }: KubernetesOptions): string {
  const ranks = plan.ranks.length;
  const job = nameOf(plan, name);
  const within = (place: string): boolean => place === mount || place.startsWith(`${mount.replace(/\/+$/, "")}/`);
  for (const place of [path, plan.out, ...plan.files.flatMap(({ path: file }) => file ?? [])]) {
    if (!within(place)) throw new DatasetError(`${place} is not below ${mount}, where the volume is mounted, so that the pods would not see it. Make the plan on a machine where the volume has the same path, or give another --mount.`);
  }
  const metadata = (suffix: string): string => `metadata:
  name: ${text(job + suffix)}${namespace === undefined ? "" : `\n  namespace: ${text(namespace)}`}
  labels:
    app.kubernetes.io/name: ${text(job)}`;
  // Kubernetes itself would fill in $(NAME).
  const pod = (script: string): string => `  template:
    spec:
      restartPolicy: Never
      containers:
        - name: "work"
          image: ${text(image)}
          command: ["/bin/sh", "-c"]
          args: [${text(script.replaceAll("$(", () => "$$("))}]
          resources:
            requests: { cpu: ${text(String(cpus))}, memory: ${text(`${memory}Gi`)} }
            limits: { memory: ${text(`${memory}Gi`)} }
          volumeMounts:
            - name: "shared"
              mountPath: ${text(mount)}
      volumes:
        - name: "shared"
          persistentVolumeClaim:
            claimName: ${text(claim)}`;
  return `# ${ranks} ranks of ${oneLine("The path", path)}. Submit with: kubectl apply -f THIS_FILE
apiVersion: batch/v1
kind: Job
${metadata("")}
spec:
  completionMode: Indexed
  completions: ${ranks}
  parallelism: ${Math.min(ranks, concurrency ?? ranks)}
  backoffLimitPerIndex: ${retries}
  maxFailedIndexes: ${ranks}
${pod(`exec ${command} run-rank ${quoted(path)} --rank "$JOB_COMPLETION_INDEX" --workers ${cpus}`)}
---
apiVersion: batch/v1
kind: Job
${metadata("-collect")}
spec:
  backoffLimit: ${retries}
${pod(`exec ${command} collect ${quoted(path)} --wait ${wait}${threadsOf(plan, cpus)}`)}
`;
}
