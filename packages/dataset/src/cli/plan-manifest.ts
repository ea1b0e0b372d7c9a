import { resolve } from "node:path";
import { Command, addCommonOptions, integer, number, printJson } from "@llm/cli-kit";
import { type KubernetesOptions, type SlurmOptions, kubernetesJobs, slurmScript } from "../plan/manifests.js";
import { readPlan } from "../plan/plan.js";
import { atomicWriteFile } from "../util/files.js";
import { say } from "./common.js";

/** What every manifest takes. */
const shared = (name: string, description: string): Command =>
  addCommonOptions(new Command(name).description(description).argument("<plan>", "the plan.json, of `llm-dataset plan` or `llm-bpe plan`"))
    .option("--command <words>", "how the program is called on the machines (default: llm-dataset or llm-bpe)")
    .option("--concurrency <n>", "ranks that run at once (default: all)", integer(1))
    .option("--cpus <n>", "processors and threads of a rank", integer(1, 1024), 1)
    .option("--memory <GB>", "memory of a rank", integer(1), 4)
    .option("--name <name>", "name of the jobs (default: by the plan)")
    .option("--out <file>", "the file to write (default: standard output)");

async function write(path: string, text: string, { out, json }: { out?: string; json?: boolean }, next: string): Promise<void> {
  if (out !== undefined) await atomicWriteFile(out, text);
  if (json) printJson({ plan: path, ...(out === undefined ? { manifest: text } : { out }) });
  else if (out === undefined) process.stdout.write(text);
  else say(`${out}: submit it with \`${next} ${out}\`.`);
}

type Output = { out?: string; json?: boolean };

/** llm-dataset manifest slurm|kubernetes PLAN */
export const manifestCommand = (): Command =>
  new Command("manifest")
    .description("What a cluster needs to run a plan")
    .addCommand(
      shared("slurm", "a script that submits a job array, and a job that collects after it")
        .option("--time <limit>", "time limit of a rank", "12:00:00")
        .option("--partition <name>", "the partition (default: the cluster's)")
        .option("--max-array <n>", "tasks of one array, as MaxArraySize allows", integer(1), 1000)
        .action(async (path: string, { out, json, ...options }: Omit<SlurmOptions, "plan"> & Output) => {
          await write(path, slurmScript(await readPlan(path), { ...options, plan: resolve(path) }), { ...(out === undefined ? {} : { out }), ...(json ? { json } : {}) }, "bash");
        }),
    )
    .addCommand(
      shared("kubernetes", "an indexed job, and a job that collects after it, as YAML")
        .requiredOption("--image <image>", "the container image, with Node and the package")
        .requiredOption("--claim <name>", "the persistent volume claim of the shared file system")
        .requiredOption("--mount <path>", "where it is mounted: the path below which the plan's files are")
        .option("--namespace <name>", "the namespace (default: that of the context)")
        .option("--retries <n>", "how often a rank is tried again", integer(), 3)
        .option("--wait <hours>", "how long the job that collects waits for the ranks", number(0), 168)
        .action(async (path: string, { out, json, ...options }: Omit<KubernetesOptions, "plan"> & Output) => {
          await write(path, kubernetesJobs(await readPlan(path), { ...options, plan: resolve(path) }), { ...(out === undefined ? {} : { out }), ...(json ? { json } : {}) }, "kubectl apply -f");
        }),
    );
