import { totalmem } from "node:os";
import koffi from "koffi";

/**
 * What TensorFlow reads from the environment when it is loaded, and our defaults. A variable that the user set is left alone, and
 * `llm-backend tune` measures the first two.
 * - TF_ENABLE_ONEDNN_OPTS=0: with oneDNN each operation of a graph is cut into as many pieces as the pool has threads, and waits for all of
 *   them. Where threads and CPUs are equally many the two are alike; where there are more threads than CPUs to run them (a container with a
 *   quota, a busy machine) those waits are for threads that don't run. Measured on two CPUs with a graph of 1,194 nodes: with 2 threads 23 ms
 *   a step either way; with 96 threads 39 ms and 2,400 switches between threads without oneDNN, 84 ms and 8,500 with it.
 * - TF_CPU_ALLOCATOR_USE_BFC=1: TensorFlow's best-fit allocator keeps freed memory for the next step. The C library's maps and unmaps
 *   large buffers each time, which the kernel fills with zeros: a fifth of a step's CPU time, measured. (Telling glibc to keep them is no
 *   way: it can't use freed aligned blocks again for others of the same size, and grows.)
 * - TF_CPP_MIN_LOG_LEVEL=3: the library writes to stderr by itself; its errors reach the caller as exceptions anyway, and reading a cached
 *   function logs three errors that are none (it is tried as text first, and tuning preferences are taken for processor features).
 */
export const DEFAULT_ENVIRONMENT = {
  TF_ENABLE_ONEDNN_OPTS: "0",
  TF_CPU_ALLOCATOR_USE_BFC: "1",
  TF_CPP_MIN_LOG_LEVEL: "3",
} as const;

/** TensorFlow's allocator stops at 64 GB by default; the machine's memory is the limit that means something. */
export const memoryLimit = (): Record<string, string> => ({ TF_CPU_BFC_MEM_LIMIT_IN_MB: String(Math.ceil(totalmem() / 2 ** 20)) });

/** Sets the defaults in the C environment. Call before the library is loaded. Returns what it set. */
export function applyEnvironment(defaults: Readonly<Record<string, string>> = DEFAULT_ENVIRONMENT): Record<string, string> {
  const applied: Record<string, string> = {};
  for (const [name, value] of Object.entries(defaults)) {
    if (process.env[name] !== undefined) continue;
    setEnvironment(name, value);
    applied[name] = value;
  }
  return applied;
}

/** Sets a variable for JavaScript and for the libraries of this process. */
export function setEnvironment(name: string, value: string): void {
  process.env[name] = value;
  setNative(name, value);
}

// In the main thread process.env is the C environment; in a worker thread it is a copy that no library sees.
function setNative(name: string, value: string): void {
  if (process.platform === "win32") return;
  const setenv = koffi.load(null).func("int setenv(const char*, const char*, int)") as (name: string, value: string, overwrite: number) => number;
  setenv(name, value, 0);
}
