import koffi from "koffi";

/**
 * What TensorFlow reads from the environment when it is loaded, and our defaults. A variable that the user set is left alone.
 * - TF_ENABLE_ONEDNN_OPTS=0: with oneDNN's own thread pool, graph functions ran up to ten times slower on small machines.
 * - TF_CPP_MIN_LOG_LEVEL=3: the library writes to stderr by itself; its errors reach the caller as exceptions anyway, and reading a cached
 *   function logs three errors that are none (it is tried as text first, and tuning preferences are taken for processor features).
 */
export const DEFAULT_ENVIRONMENT: Readonly<Record<string, string>> = {
  TF_ENABLE_ONEDNN_OPTS: "0",
  TF_CPP_MIN_LOG_LEVEL: "3",
};

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
