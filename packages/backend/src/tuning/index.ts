import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BackendError } from "../errors.js";
import { locateLibraries } from "../locate.js";
import type { LibraryFiles } from "../tensorflow/index.js";
import { choose, type Candidate, type Timing } from "./choose.js";
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

const CANDIDATES = [
  { TF_ENABLE_ONEDNN_OPTS: "0", XLA_FLAGS: "--xla_cpu_use_xnnpack=false" },
  { TF_ENABLE_ONEDNN_OPTS: "1", XLA_FLAGS: "--xla_cpu_use_xnnpack=true" },
];

/**
 * Measures a small training step under TensorFlow's settings on this machine, each in a process of its own (they are read when the library
 * is loaded), in turn, and keeps the faster ones in the cache folder, where openEngine finds them. They belong to this build of the library,
 * this processor and its number of cores. Takes about a minute on an idle machine.
 *
 * @throws BackendError "engine" when there is no libtensorflow, or it can't be measured.
 */
export async function tune({ libtensorflow, rounds = 2, onProgress, signal }: TuneOptions = {}): Promise<Tuned> {
  const place = (await locateLibraries(libtensorflow)).find(({ available }) => available);
  if (!place?.folder || !place.files) throw new BackendError("engine", "There is no libtensorflow to measure: run llm-backend install, or set LLM_LIBTENSORFLOW to a folder with it.");
  const candidates = CANDIDATES.map((environment): Candidate => ({ environment, timings: [] })) as [Candidate, Candidate];
  for (let round = 0; round < rounds; round++) {
    for (const [index, { environment, timings }] of candidates.entries()) {
      const timing = await measure(place.folder, environment, signal);
      // A library that does not know a flag ends its process: then that candidate is out.
      if (timing) timings.push(timing);
      else if (index === 0) throw new BackendError("engine", `The library in ${place.folder} could not be measured: its process ended without a result. Run llm-backend doctor.`);
      onProgress?.(round * candidates.length + index + 1, rounds * candidates.length);
    }
  }
  const measured = candidates.flatMap(({ environment: candidate, timings }) => timings.map((timing) => ({ candidate, ...timing })));
  if (candidates[1].timings.length < rounds) candidates[1].timings = [];
  const tuning: Tuning = { environment: choose(candidates), measured, date: new Date().toISOString() };
  return { library: place.files.library, file: await writeTuning(place.files as LibraryFiles, tuning), ...tuning };
}

/** One candidate in a process of its own; undefined when it ends without a result. */
async function measure(libtensorflow: string, environment: Record<string, string>, signal: AbortSignal | undefined): Promise<Timing | undefined> {
  signal?.throwIfAborted();
  const bin = join(dirname(createRequire(import.meta.url).resolve("@llm/backend/package.json")), "bin", "llm-backend.js");
  const child = spawn(process.execPath, [bin, "tune", "--measure", "--libtensorflow", libtensorflow], { signal, stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...environment, LLM_ENGINE: "" } });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  await new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve());
  });
  try {
    const { graphMs, xlaMs } = JSON.parse(stdout) as Timing;
    return graphMs > 0 && xlaMs > 0 ? { graphMs, xlaMs } : undefined;
  } catch {
    return undefined;
  }
}
