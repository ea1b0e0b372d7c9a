import { createRequire } from "node:module";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { librariesFolder } from "./cache.js";
import { findPython, runPython } from "./python.js";
import { probeLibrary, type LibraryFiles } from "./tensorflow/index.js";

/** One place where a libtensorflow may be. */
export interface LibraryPlace {
  /** In words: "LLM_LIBTENSORFLOW", "the cache", "tfjs-node", "Python". */
  origin: string;
  /** The folder, where there is one. */
  folder?: string;
  /** Whether the library and the kernels for it are there; it may still fail to load. */
  available: boolean;
  /** What was found, or why nothing, as part of a sentence. */
  reason: string;
  files?: LibraryFiles;
}

/**
 * Looks for libtensorflow, in order: the folder given, LLM_LIBTENSORFLOW, the cache of `llm-backend install`, the download
 * of tfjs-node(-gpu), an installed Python `tensorflow`. A folder given by hand is the only one looked at. Stops at the
 * first place that has the library; loads nothing.
 *
 * @param given The option; default: the environment.
 * @param all Look at every place, for a report.
 */
export async function locateLibraries(given?: string, { all = false }: { all?: boolean } = {}): Promise<LibraryPlace[]> {
  const fixed = given ? { origin: "the libtensorflow option", folder: given } : process.env["LLM_LIBTENSORFLOW"] ? { origin: "LLM_LIBTENSORFLOW", folder: process.env["LLM_LIBTENSORFLOW"] } : undefined;
  if (fixed) return [probe(fixed.origin, fixed.folder)];

  const places: LibraryPlace[] = [];
  for (const look of [cached, downloadedByTfjsNode, installedInPython]) {
    places.push(await look());
    if (places.at(-1)!.available && !all) break;
  }
  return places;
}

function probe(origin: string, folder: string): LibraryPlace {
  return { origin, folder, ...probeLibrary(folder) };
}

/** The newest version in the cache for this platform; builds with CUDA first where there is an NVIDIA GPU, else last. */
function cached(): LibraryPlace {
  const origin = "the cache";
  const root = librariesFolder();
  const suffix = `-${process.platform}-${process.arch}`;
  let names: string[] = [];
  try {
    names = readdirSync(root).filter((name) => name.endsWith(suffix) && /^\d/.test(name));
  } catch {
    // No folder is the usual case: nothing was installed.
  }
  const gpu = hasNvidiaDriver() ? -1 : 1;
  const rank = (name: string): number => (isGpuBuild(name) ? gpu : 0);
  names.sort((a, b) => rank(a) - rank(b) || b.localeCompare(a, "en", { numeric: true }));
  const found = names.map((name) => probe(origin, isGpuBuild(name) ? join(root, name, "tensorflow") : join(root, name)));
  return found.find((place) => place.available) ?? found[0] ?? { origin, available: false, reason: `nothing in ${root} (llm-backend install fetches it)` };
}

const isGpuBuild = (name: string): boolean => /^[^-]+-gpu-/.test(name);

/** Whether NVIDIA's driver is loaded: on Linux, or on Windows under WSL2. Costs nothing, loads nothing. */
export const hasNvidiaDriver = (): boolean => process.platform === "linux" && ["/dev/nvidiactl", "/dev/dxg"].some((path) => existsSync(path));

function downloadedByTfjsNode(): LibraryPlace {
  const origin = "tfjs-node's download";
  const require = createRequire(import.meta.url);
  const installed: string[] = [];
  for (const name of ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"]) {
    try {
      installed.push(dirname(require.resolve(`${name}/package.json`)));
    } catch {
      // Not installed: it is optional.
    }
  }
  const found = installed.map((folder) => probe(origin, join(folder, "deps", "lib")));
  return (
    found.find((place) => place.available) ?? {
      origin,
      available: false,
      reason: installed.length > 0 ? "@tensorflow/tfjs-node(-gpu) is installed without its own libtensorflow (its install script did not run)" : "@tensorflow/tfjs-node(-gpu) is not installed",
    }
  );
}

// Asks for the place only: importing tensorflow takes seconds.
const FIND_TENSORFLOW = "import importlib.util as u; s = u.find_spec('tensorflow'); print(list(s.submodule_search_locations or [''])[0] if s else '')";

async function installedInPython(): Promise<LibraryPlace> {
  const origin = "Python's tensorflow";
  const python = await findPython();
  if (!python) return { origin, available: false, reason: "no Python on the PATH" };
  try {
    const folder = (await runPython(python, ["-c", FIND_TENSORFLOW], { timeout: 3_000 })).stdout.trim();
    return folder ? probe(origin, folder) : { origin, available: false, reason: `${python} has no tensorflow package` };
  } catch (error) {
    return { origin, available: false, reason: `${python} could not be asked for its tensorflow: ${(error as Error).message}` };
  }
}
