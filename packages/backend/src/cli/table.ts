import { formatBytes } from "@llm/cli-kit";
import type { Diagnosis } from "../doctor/index.js";
import type { Tuned } from "../tuning/index.js";

/** The doctor's findings as a table for people. */
export function formatDiagnosis({ machine, python, gpus, kernels, libraries, engine, settings, matmulGflops, advice }: Diagnosis): string {
  const rows: [string, string][] = [
    ["machine", `${machine.platform}, ${machine.cpu}, ${machine.threads} threads`],
    ["memory", `${formatBytes(machine.memoryBytes)}, ${formatBytes(machine.freeMemoryBytes)} free`],
    ["Node", machine.node],
    ["Python", python ?? "none on the PATH"],
    ["NVIDIA GPU", gpus.length > 0 ? gpus.join("; ") : "none found by nvidia-smi"],
    ["kernels", kernels ?? "@tensorflow/tfjs-node(-gpu) is not installed"],
    ...libraries.map(({ origin, folder, available, reason }): [string, string] => [origin, `${available ? "found" : "no"}: ${reason}${folder && !reason.includes(folder) ? ` (${folder})` : ""}`]),
    ["", ""],
    ...engine.considered.map(({ name, available, reason }): [string, string] => [name, `${available ? "taken" : "not taken"}: ${reason}`]),
    ["", ""],
    ["engine", `${engine.name} ${engine.version}`],
    ["device", engine.device],
    ...Object.entries(settings).map(([name, value]): [string, string] => ["setting", `${name}=${value}`]),
    ["matmul", `${matmulGflops.toFixed(1)} GFLOP/s (float32, 1024 x 1024)`],
    ...(advice ? [["advice", advice] as [string, string]] : []),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${label.padEnd(width)}  ${text}`.trimEnd()).join("\n") + "\n";
}

/** What a probe measured, a line for each process, and what it chose. */
export function formatTuned({ measured, environment, file }: Tuned): string {
  const settings = (set: Record<string, string>): string => Object.entries(set).map(([name, value]) => `${name}=${value}`).join(" ");
  const lines = measured.map(({ candidate, graphMs, xlaMs }) => `${graphMs.toFixed(1).padStart(8)} ms as a graph, ${xlaMs.toFixed(1).padStart(8)} ms by XLA: ${settings(candidate)}`);
  return [...lines, `taken: ${settings(environment)}`, `kept in ${file}`, ""].join("\n");
}
