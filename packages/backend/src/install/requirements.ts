import { BackendError } from "../errors.js";

/** One thing to ask pip for: a requirement (PEP 508), and for which Python and platform. */
export interface Wanted {
  requirement: string;
  /** pip's options for another Python than its own. */
  target: readonly string[];
}

/** For which machine; default: this one. */
export interface Machine {
  platform: NodeJS.Platform;
  arch: string;
}

const here = (): Machine => ({ platform: process.platform, arch: process.arch });

/** Pythons that TensorFlow is built for; the libraries in their wheels are the same. */
const PYTHONS = ["3.12", "3.13", "3.11"];

/** The tags of wheels that run on a machine (PEP 600), newest first. */
function tags({ platform, arch }: Machine): string[] {
  if (platform === "darwin") return ["macosx_12_0_arm64", "macosx_11_0_arm64"];
  const cpu = arch === "x64" ? "x86_64" : "aarch64";
  return [...["2_28", "2_27", "2_25", "2_17", "2_12"].map((glibc) => `manylinux_${glibc}_${cpu}`), `manylinux2014_${cpu}`, ...(arch === "x64" ? [`manylinux2010_${cpu}`] : [])];
}

/** pip's own Python first: it may have the wheel already configured, mirrored or at hand. */
function targets(machine: Machine): string[][] {
  const others = PYTHONS.map((python) => ["--implementation", "cp", "--python-version", python, ...tags(machine).flatMap((tag) => ["--platform", tag])]);
  const own = machine.platform === process.platform && machine.arch === process.arch;
  return own ? [[], ...others] : others;
}

/**
 * The wheels that have libtensorflow for a machine, in the order to try. On Linux x64 `tensorflow` is built with CUDA and
 * `tensorflow-cpu` without; elsewhere there is one build, without.
 */
export function tensorflowWheels(version: string, gpu: boolean, machine = here()): Wanted[] {
  const x64 = machine.platform === "linux" && machine.arch === "x64";
  const names = gpu ? ["tensorflow"] : x64 ? ["tensorflow-cpu"] : ["tensorflow", "tensorflow-cpu"];
  return names.flatMap((name) => targets(machine).map((target) => ({ requirement: `${name}==${version}`, target })));
}

/** One of the wheels with NVIDIA's libraries. */
export const cudaWheels = (requirement: string): Wanted[] => targets(here()).slice(0, 2).map((target) => ({ requirement, target }));

/**
 * The requirements of a wheel's extra "and-cuda" (Requires-Dist of its METADATA, core metadata 2.1): NVIDIA's libraries in the versions that
 * this TensorFlow was built for.
 * @throws BackendError "install" when it has none.
 */
export function cudaRequirements(metadata: string): string[] {
  const found: string[] = [];
  for (const line of metadata.split(/\r?\n/)) {
    const [, requirement, marker] = /^Requires-Dist:\s*([^;]+);(.*)$/.exec(line) ?? [];
    if (!requirement || !/\bextra\s*==\s*["']and-cuda["']/.test(marker ?? "")) continue;
    // "name (<13.0,>=12.5)" is the older way to write "name<13.0,>=12.5".
    found.push(requirement.replace(/[()\s]/g, ""));
  }
  const foreign = found.filter((requirement) => !/^nvidia-/.test(requirement));
  if (found.length === 0 || foreign.length > 0) {
    throw new BackendError("install", `This TensorFlow wheel names ${found.length === 0 ? "no CUDA libraries" : `other packages than NVIDIA's for CUDA (${foreign.join(", ")})`} in its extra and-cuda; expected those of NVIDIA. Try another --version.`);
  }
  return found;
}
