import { DEFAULT_ENVIRONMENT } from "../tensorflow/environment.js";

/** Which of the probe's times decides about a setting: the step as a graph, the step by XLA, or both. */
export type Decides = "graph" | "xla" | "both";

/** A setting that is read when TensorFlow is opened, the value it has without a probe, and the values that are tried. */
export interface Setting {
  name: string;
  standard: string;
  others: readonly string[];
  decides: Decides;
}

/**
 * What is probed. None of these has a best value for all machines:
 * - oneDNN cuts every operation of a graph into as many pieces as there are threads and waits for all of them;
 * - XLA's own loops for matrix products are faster than XNNPACK's on one processor and slower on another;
 * - threads beyond the cores share a core's arithmetic units, and small operations cost more to share than to do;
 * - memory that is kept between steps costs no page faults, and one more lock.
 *
 * @param cpus CPUs that the process may use. @param cores Cores among this machine's CPUs, where that is known.
 */
export function settingsToProbe(cpus: number, cores: number | undefined): Setting[] {
  return [
    { name: "TF_ENABLE_ONEDNN_OPTS", standard: DEFAULT_ENVIRONMENT.TF_ENABLE_ONEDNN_OPTS, others: ["1"], decides: "graph" },
    { name: "XLA_FLAGS", standard: "--xla_cpu_use_xnnpack=false", others: ["--xla_cpu_use_xnnpack=true"], decides: "xla" },
    { name: "LLM_THREADS", standard: String(cpus), others: fewerThreads(cpus, cores).map(String), decides: "both" },
    { name: "TF_CPU_ALLOCATOR_USE_BFC", standard: DEFAULT_ENVIRONMENT.TF_CPU_ALLOCATOR_USE_BFC, others: ["0"], decides: "both" },
  ];
}

/** One thread a core, where cores have several; else halves, of which small machines have one. At most two. */
function fewerThreads(cpus: number, cores: number | undefined): number[] {
  const counts = [cores ?? cpus, Math.ceil(cpus / 2), Math.ceil(cpus / 4)].filter((count) => count >= 1 && count < cpus && (count >= 4 || count >= cpus / 2));
  return [...new Set(counts)].slice(0, 2);
}

/**
 * The environments to measure: the standard one, then such that each value that is tried is in one of them. Those that other times decide
 * about are tried together, which saves processes.
 */
export function environments(settings: readonly Setting[]): Record<string, string>[] {
  const standard = Object.fromEntries(settings.map(({ name, standard: value }) => [name, value]));
  const of = (kind: Decides): [string, string][] => settings.filter(({ decides }) => decides === kind).flatMap(({ name, others }) => others.map((value): [string, string] => [name, value]));
  const [graph, xla] = [of("graph"), of("xla")];
  const pairs = Array.from({ length: Math.max(graph.length, xla.length) }, (_, i) => Object.fromEntries([graph[i], xla[i]].filter((pair) => pair !== undefined)));
  return [standard, ...[...pairs, ...of("both").map((pair) => Object.fromEntries([pair]))].map((changed) => ({ ...standard, ...changed }))];
}
