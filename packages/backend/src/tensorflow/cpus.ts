import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, normalize } from "node:path";
import { BackendError } from "../errors.js";

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
};

/** `path` and the folders above it, up to "/". */
function ancestors(path: string): string[] {
  const all = [normalize(path)];
  while (dirname(all.at(-1)!) !== all.at(-1)) all.push(dirname(all.at(-1)!));
  return all;
}

/** CPUs worth of a quota of `quota` microseconds in every `period`; Infinity without one. */
function share(quota: string | undefined, period: string | undefined): number {
  const [of, every] = [Number(quota), Number(period)];
  return of > 0 && every > 0 ? of / every : Infinity;
}

/**
 * The CPU time that Linux' control groups grant this process, in CPUs; Infinity without a limit. A container that may use two CPUs of a large
 * machine sees all of them, and so does TensorFlow. Reads cpu.max (cgroup v2) or cpu.cfs_quota_us (v1) of the group and those above it.
 * @param groups The process's groups (proc(5)). @param mount Where the hierarchies are.
 */
export function quotaOfCpus(groups = "/proc/self/cgroup", mount = "/sys/fs/cgroup"): number {
  let least = Infinity;
  for (const line of read(groups)?.split("\n") ?? []) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    for (const folder of ancestors(path)) {
      if (controllers === "") {
        for (const root of [mount, join(mount, "unified")]) {
          const [quota, period] = read(join(root, folder, "cpu.max"))?.split(" ") ?? []; // "max 100000" without a limit
          least = Math.min(least, share(quota, period));
        }
      } else if (controllers!.split(",").includes("cpu")) {
        for (const root of [join(mount, "cpu"), join(mount, controllers!)]) least = Math.min(least, share(read(join(root, folder, "cpu.cfs_quota_us")), read(join(root, folder, "cpu.cfs_period_us"))));
      }
    }
  }
  return least;
}

/** CPUs that this process may use: those it is bound to, or fewer where a quota grants less. */
export const availableCpus = (quota = quotaOfCpus()): number => Math.max(1, Math.min(availableParallelism(), Math.ceil(quota)));

/** Cores among the CPUs of this machine, of which hardware threads share one; undefined where Linux does not tell. */
export function physicalCores(devices = "/sys/devices/system/cpu"): number | undefined {
  let names: string[];
  try {
    names = readdirSync(devices).filter((name) => /^cpu\d+$/.test(name));
  } catch {
    return undefined;
  }
  const cores = names.map((name) => read(join(devices, name, "topology", "thread_siblings_list"))).filter((siblings) => siblings !== undefined);
  return cores.length > 0 ? new Set(cores).size : undefined;
}

/** LLM_THREADS, or undefined where it is not set. @throws BackendError "engine" when it is no count. */
export function threadsFromEnvironment(): number | undefined {
  const text = process.env["LLM_THREADS"];
  if (!text) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new BackendError("engine", `LLM_THREADS must be a whole number of at least 1, got "${text}"`);
  return Number(text);
}
