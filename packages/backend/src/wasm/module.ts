import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BackendError } from "../errors.js";
import type { WasmModule } from "./types.js";

const require = createRequire(import.meta.url);

/** Where the package keeps its WebAssembly files and Emscripten's loaders. */
const dist = (): string => dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
const loaders = (): string => join(dist(), "..", "wasm-out");

/** What Emscripten's loader takes; Node's types leave WebAssembly to those of the DOM. */
type Imports = { env: Record<string, unknown> };
type Factory = (options: {
  locateFile(path: string): string | URL;
  mainScriptUrlOrBlob?: string;
  instantiateWasm(imports: Imports, receive: (instance: object, module: object) => void): object;
}) => Promise<WasmModule>;
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: Imports): Promise<object>;
};

/** The build with threads keeps a pool of eight workers at most. */
export const MAX_THREADS = 8;

/**
 * Loads tfjs-backend-wasm's module with SIMD and, above one thread, with threads. tfjs itself never uses threads in Node
 * (its flag says so outright), although its own build runs on Node's worker threads once it is told three things: where
 * the worker's code is, how many cores to count on, and not to keep the process alive.
 *
 * @param threads 1 to {@link MAX_THREADS}.
 * @throws Error when the module can't be loaded, or the workers do not start within 15 seconds.
 */
export async function loadModule(threads: number): Promise<WasmModule> {
  const threaded = threads > 1;
  const name = `tfjs-backend-wasm${threaded ? "-threaded" : ""}-simd`;
  // The plain loader serves the SIMD binary too.
  const loader = join(loaders(), threaded ? `${name}.js` : "tfjs-backend-wasm.js");
  const factory = require(loader) as Factory;
  const binary = await WebAssembly.compile(await readFile(join(dist(), `${name}.wasm`)));

  const before = { listeners: processListeners(), worker: Object.getOwnPropertyDescriptor(globalThis, "Worker") };
  try {
    const module = await withTimeout(
      new Promise<WasmModule>((resolve, reject) => {
        factory({
          locateFile: (path) => (path.endsWith(".worker.js") ? workerUrl(loader, name) : join(dist(), path)),
          mainScriptUrlOrBlob: loader,
          instantiateWasm(imports, receive) {
            // The C side divides this by two (for hyper-threads) and never starts more threads than that.
            imports.env["emscripten_num_logical_cores"] = () => 2 * threads;
            WebAssembly.instantiate(binary, imports).then((instance) => receive(instance, binary), reject);
            return {};
          },
        }).then(resolve, reject);
      }),
    );
    addTfjsFunctions(module);
    return module;
  } finally {
    restoreGlobals(before);
  }
}

/** Lets the process end although the module's workers wait for work. */
export function unrefWorkers(module: WasmModule): void {
  for (const worker of [...(module.PThread?.runningWorkers ?? []), ...(module.PThread?.unusedWorkers ?? [])]) worker.unref();
}

function addTfjsFunctions(module: WasmModule): void {
  module.tfjs = {
    init: module.cwrap("init", null, []),
    initWithThreadsCount: module.cwrap("init_with_threads_count", null, ["number"]),
    getThreadsCount: module.cwrap("get_threads_count", "number", []),
    registerTensor: module.cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: module.cwrap("dispose_data", null, ["number"]),
    dispose: module.cwrap("dispose", null, []),
  };
  // tfjs would write to address 0 where memory runs out, and so corrupt other tensors without a word.
  // Emscripten's stub puts the real function in its own place when it is first called.
  module._free(module._malloc(1));
  const malloc = module._malloc;
  module._malloc = (bytes) => {
    const pointer = malloc(bytes);
    if (pointer === 0 && bytes > 0) {
      throw new BackendError("engine", `WebAssembly memory is full: no room for ${(bytes / 1e6).toFixed(1)} MB more of the 4 GB it can have. Use a smaller batch or model, or the TensorFlow engine (llm-backend install).`);
    }
    return pointer;
  };
}

/** The package ships its worker as text in a CommonJS module; Node runs it from a data: URL, where `require` has to be made. */
function workerUrl(loader: string, name: string): URL {
  const { wasmWorkerContents } = require(join(loaders(), `${name}.worker.js`)) as { wasmWorkerContents: string };
  const prelude = [
    `import { createRequire } from "node:module";`,
    `const require = createRequire(${JSON.stringify(loader)});`,
    `const __filename = globalThis.__filename = ${JSON.stringify(loader)};`,
    `globalThis.__dirname = ${JSON.stringify(dirname(loader))};`,
  ].join("\n");
  // The text was written for a template literal, which has turned the escapes inside its strings into line ends.
  return new URL(`data:text/javascript,${encodeURIComponent(`${prelude}\n${wasmWorkerContents.replaceAll("\n", "\\n")}`)}`);
}

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;
type Listeners = Record<(typeof EVENTS)[number], ReadonlySet<unknown>>;
const processListeners = (): Listeners => ({
  uncaughtException: new Set(process.listeners("uncaughtException")),
  unhandledRejection: new Set(process.listeners("unhandledRejection")),
});

/** Emscripten rethrows every uncaught error of the whole process from its own 100 kB line, and replaces `Worker`. */
function restoreGlobals(before: { listeners: Listeners; worker: PropertyDescriptor | undefined }): void {
  for (const event of EVENTS) {
    for (const listener of process.listeners(event as "uncaughtException")) {
      if (!before.listeners[event].has(listener)) process.removeListener(event, listener);
    }
  }
  if (before.worker) Object.defineProperty(globalThis, "Worker", before.worker);
  else delete (globalThis as { Worker?: unknown }).Worker;
}

async function withTimeout<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the workers of the WebAssembly engine did not start within 15 seconds")), 15_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
