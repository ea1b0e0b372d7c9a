import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BackendError } from "../errors.js";
import { locateLibraries } from "../locate.js";
import { availableCpus, physicalCores } from "../tensorflow/cpus.js";
import type { LibraryFiles } from "../tensorflow/index.js";
import { environments, settingsToProbe } from "./candidates.js";
import { choose, faster, type Candidate, type Timing } from "./choose.js";
import { writeTuning, type Tuning } from "./settings.js";

export interface TuneOptions {
  /** The folder with libtensorflow; default: the one that openEngine would take. */
  libtensorflow?: string | undefined;
  /** How often each candidate is measured, in turn; default 2. */
  rounds?: number | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What the probe chose, for which library, and where that is kept. */
export interface Tuned extends Tuning {
  library: string;
  file: string;
}

/**
 * Measures a training step of a small model on this machine under the settings that are read when TensorFlow is opened (oneDNN, XNNPACK,
 * threads, allocator), each in a process of its own, in turn, and keeps the faster ones in the cache folder, where openEngine
 * finds them. They belong to this build of the library, this processor and its number of CPUs. Where several settings change, they are
 * measured together against the defaults before they are kept. Takes two to three minutes on an idle machine.
 *
 * @throws BackendError "engine" when there is no libtensorflow, or it can't be measured; the signal's reason when it is aborted.
 */
export async function tune({ libtensorflow, rounds = 2, onProgress, signal }: TuneOptions = {}): Promise<Tuned> {
  const place = (await locateLibraries(libtensorflow)).find(({ available }) => available);
  if (!place?.folder || !place.files) throw new BackendError("engine", "There is no libtensorflow to measure: run llm-backend install, or set LLM_LIBTENSORFLOW to a folder with it.");
  const { folder } = place;
  const settings = settingsToProbe(availableCpus(), physicalCores());
  const [standard, ...others] = environments(settings).map((environment): Candidate => ({ environment, timings: [] })) as [Candidate, ...Candidate[]];
  let [done, total] = [0, (1 + others.length) * rounds];

  /** Measures all of them `rounds` times, in turn; one that gives no result is out. */
  const measureAll = async (candidates: readonly Candidate[]): Promise<void> => {
    const failed = new Set<Candidate>();
    for (let round = 0; round < rounds; round++) {
      for (const candidate of candidates) {
        const timing = failed.has(candidate) ? undefined : await measure(folder, candidate.environment, signal);
        // A library that does not know a flag ends its process.
        if (timing) candidate.timings.push(timing);
        else if (candidate === candidates[0]) throw new BackendError("engine", `The library in ${folder} could not be measured: its process ended without a result. Run llm-backend doctor.`);
        else failed.add(candidate);
        onProgress?.(++done, total);
      }
    }
    for (const candidate of failed) candidate.timings = [];
  };

  await measureAll([standard, ...others]);
  const measured = [standard, ...others];
  let environment = choose(settings, [standard, ...others]);
  const changed = settings.filter(({ name, standard: value }) => environment[name] !== value).length;
  if (changed > 1) {
    total += 2 * rounds;
    const [again, together]: [Candidate, Candidate] = [{ ...standard, timings: [] }, { environment, timings: [] }];
    await measureAll([again, together]);
    measured.push(again, together);
    if (!faster(together, again, "both", 1)) environment = standard.environment;
  }
  const tuning: Tuning = { environment, measured: measured.flatMap(({ environment: candidate, timings }) => timings.map((timing) => ({ candidate, ...timing }))), date: new Date().toISOString() };
  return { library: place.files.library, file: await writeTuning(place.files as LibraryFiles, tuning), ...tuning };
}

/** One candidate in a process of its own; undefined when it ends without a result. */
async function measure(libtensorflow: string, environment: Record<string, string>, signal: AbortSignal | undefined): Promise<Timing | undefined> {
  signal?.throwIfAborted();
  const bin = join(dirname(createRequire(import.meta.url).resolve("@llm/backend/package.json")), "bin", "llm-backend.js");
  const env = { ...process.env, ...environment, LLM_ENGINE: "", LLM_XLA_CACHE: "0" };
  const child = spawn(process.execPath, [bin, "tune", "--measure", "--libtensorflow", libtensorflow], { signal, stdio: ["ignore", "pipe", "ignore"], env });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  await new Promise<void>((resolve, reject) => {
    child.on("error", (error) => reject((signal?.reason as Error | undefined) ?? error));
    child.on("close", () => resolve());
  });
  try {
    const { graphMs, xlaMs } = JSON.parse(stdout) as Timing;
    return graphMs > 0 && xlaMs > 0 ? { graphMs, xlaMs } : undefined;
  } catch {
    return undefined;
  }
}
