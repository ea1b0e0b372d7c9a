import { openCpu } from "./cpu/index.js";
import { ENGINE_NAMES, type ConsideredEngine, type Engine, type EngineName, type OpenedEngine } from "./engine.js";
import { BackendError } from "./errors.js";
import { locateLibraries, type LibraryPlace } from "./locate.js";
import { availableCpus, threadsFromEnvironment } from "./tensorflow/cpus.js";
import { findKernelPackage, openTensorFlow } from "./tensorflow/index.js";
import { openWasm } from "./wasm/index.js";

/** What {@link openEngine} takes. */
export interface OpenEngineOptions {
  /** This engine or an error; default: the fastest there is. The environment variable LLM_ENGINE overrides it. */
  prefer?: EngineName | undefined;
  /** The folder with libtensorflow; default: LLM_LIBTENSORFLOW, then the places of {@link locateLibraries}. */
  libtensorflow?: string | undefined;
  /** CPU threads; default: LLM_THREADS, then what `llm-backend tune` measured, then all that the process may use. The first opening in a process decides. */
  threads?: number | undefined;
}

/** TensorFlow.js has one of each backend per process, so an engine is opened once and handed out again. */
const opened = new Map<EngineName, Engine>();

/**
 * Opens the fastest TensorFlow.js engine of this machine, makes it TensorFlow.js's backend, and says why it was taken:
 * TensorFlow on a GPU, TensorFlow on the CPU, WebAssembly, plain JavaScript, in this order. An absent engine is no error:
 * `considered` tells what was looked at and why it was not taken. Opening an engine again returns the same one; without a
 * preference that is the one which is open.
 *
 * @throws BackendError "engine" when the engine asked for is not available (with the reasons), or no engine has that name.
 */
export async function openEngine({ prefer, libtensorflow, threads: given }: OpenEngineOptions = {}): Promise<Engine> {
  const asked = wanted(prefer);
  if (given !== undefined && !(Number.isInteger(given) && given >= 1)) {
    throw new BackendError("engine", `threads must be a whole number of at least 1, got ${given}`);
  }
  const threads = given ?? threadsFromEnvironment();
  const known = await again(asked.name, libtensorflow);
  if (known) return known;

  const considered: ConsideredEngine[] = [];
  const skip = (name: EngineName, reason: string): void => void considered.push({ name, available: false, reason });
  const take = (name: EngineName, engine: OpenedEngine, reason: string): Engine => {
    considered.push({ name, available: true, reason });
    const full: Engine = {
      ...engine,
      name,
      reason,
      considered,
      dispose() {
        opened.delete(name);
        engine.dispose();
      },
    };
    opened.set(name, full);
    return full;
  };

  if (!asked.name || asked.name.startsWith("tensorflow")) {
    const found = await tryTensorFlow(asked.name, libtensorflow, threads, skip);
    if (found) return take(found.engine.isGpu ? "tensorflow-gpu" : "tensorflow", found.engine, found.reason);
  }
  const because = asked.name ? `asked for by ${asked.by}` : "no TensorFlow library can be used here";
  if (!asked.name || asked.name === "wasm") {
    try {
      const engine = await openWasm({ threads: threads ?? availableCpus() });
      return take("wasm", engine, `WebAssembly with SIMD: ${because}`);
    } catch (error) {
      skip("wasm", `WebAssembly can't be used here: ${(error as Error).message}`);
    }
  }
  if (!asked.name || asked.name === "cpu") return take("cpu", await openCpu(), `plain JavaScript, for small things only: ${because}`);
  throw new BackendError("engine", `The engine ${asked.name}, asked for by ${asked.by}, is not available:\n${considered.map(({ name, reason }) => `  ${name}: ${reason}`).join("\n")}`);
}

/** Which engine is asked for, and by what. */
function wanted(prefer: EngineName | undefined): { name: EngineName | undefined; by: string } {
  const fromEnvironment = process.env["LLM_ENGINE"];
  const name = fromEnvironment || prefer;
  const by = fromEnvironment ? "LLM_ENGINE" : "the option prefer";
  if (name !== undefined && !(ENGINE_NAMES as readonly string[]).includes(name)) {
    throw new BackendError("engine", `There is no engine "${name}" (${by}): expected one of ${ENGINE_NAMES.join(", ")}`);
  }
  return { name: name as EngineName | undefined, by };
}

/** An engine that is open already and would be chosen again. */
async function again(name: EngineName | undefined, libtensorflow: string | undefined): Promise<Engine | undefined> {
  const fast = opened.get("tensorflow-gpu") ?? opened.get("tensorflow");
  const engine = name ? (name.startsWith("tensorflow") && fast?.name === name ? fast : opened.get(name)) : (fast ?? (libtensorflow ? undefined : [...opened.values()].at(-1)));
  if (!engine) return undefined;
  await engine.tf.setBackend(engine.name.startsWith("tensorflow") ? "tensorflow" : engine.name);
  return engine;
}

/** Opens TensorFlow from the first place whose library loads; the places that don't are passed to `skip`. */
async function tryTensorFlow(
  asked: EngineName | undefined,
  libtensorflow: string | undefined,
  threads: number | undefined,
  skip: (name: EngineName, reason: string) => void,
): Promise<{ engine: OpenedEngine; reason: string } | undefined> {
  const kernels = findKernelPackage();
  if (!kernels) {
    skip("tensorflow", "the TensorFlow kernels are not installed: run npm install --ignore-scripts @tensorflow/tfjs-node-gpu");
    return undefined;
  }
  const places = await locateLibraries(libtensorflow);
  for (const place of places) {
    if (!place.available) continue;
    try {
      const engine = await openTensorFlow({ library: place.folder!, ...(threads === undefined ? {} : { threads }), device: asked === "tensorflow" ? "cpu" : "auto" });
      if (asked === "tensorflow-gpu" && !engine.isGpu) {
        engine.dispose();
        skip("tensorflow-gpu", `TensorFlow ${engine.version} from ${place.origin} (${place.folder}) finds no GPU`);
        continue;
      }
      if (!engine.isGpu && asked === undefined) skip("tensorflow-gpu", `TensorFlow ${engine.version} from ${place.origin} finds no GPU`);
      const device = engine.isGpu ? "GPU" : "CPU";
      return { engine, reason: `TensorFlow ${engine.version} (${device}) from ${place.origin}: ${place.folder}; compiled functions run through XLA` };
    } catch (error) {
      place.available = false;
      place.reason = (error as Error).message;
    }
  }
  skip("tensorflow", absence(places));
  return undefined;
}

/** Why no place has a library, and what to do about it, in one sentence. */
function absence(places: readonly LibraryPlace[]): string {
  const looked = places.map(({ origin, reason }) => `${origin}: ${reason}`).join("; ");
  const fixed = places.length === 1;
  const python = !places.some(({ reason }) => reason === "no Python on the PATH");
  const advice = fixed
    ? "name a folder with libtensorflow, or unset it and run llm-backend install"
    : python
      ? "run llm-backend install, or set LLM_LIBTENSORFLOW to a folder with libtensorflow"
      : "no Python on the PATH, so libtensorflow can't be fetched: run llm-backend install on a machine with Python, or set LLM_LIBTENSORFLOW";
  return `no usable libtensorflow (${looked}); ${advice}`;
}
