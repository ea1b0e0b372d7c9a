import { execFile } from "node:child_process";

/** What a Python program printed. */
export interface PythonResult {
  stdout: string;
  stderr: string;
}

/**
 * Runs Python and waits for it.
 * @param timeout Milliseconds until it is killed; default none.
 * @throws Error with the last lines of its standard error when it fails.
 */
export function runPython(python: string, args: readonly string[], { timeout = 0, signal, cwd }: { timeout?: number; signal?: AbortSignal | undefined; cwd?: string } = {}): Promise<PythonResult> {
  return new Promise((resolve, reject) => {
    execFile(python, [...args], { timeout, signal, cwd, windowsHide: true, maxBuffer: 16 << 20, encoding: "utf8" }, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr });
      if (signal?.aborted) return reject(signal.reason);
      const { code, killed } = error;
      if (code === "ENOENT") return reject(Object.assign(new Error(`${python} is not on the PATH`), { code }));
      if (killed) return reject(new Error(`it gave no answer within ${timeout / 1000} seconds`));
      const said = stderr.trim().split("\n").slice(-4).join("\n");
      reject(new Error(said || `it ended with exit code ${String(code)}`, { cause: error }));
    });
  });
}

/** What was found, by PATH: asking takes a process, and an installation asks once for each wheel. */
const found = new Map<string | undefined, Promise<string | undefined>>();

/** The name of a Python 3 on the PATH, or undefined. Takes well under a second on an idle machine; asks once for each PATH. */
export function findPython(): Promise<string | undefined> {
  const path = process.env["PATH"];
  const known = found.get(path) ?? look();
  found.set(path, known);
  return known;
}

async function look(): Promise<string | undefined> {
  for (const name of process.platform === "win32" ? ["python", "py"] : ["python3", "python"]) {
    try {
      // A busy machine may be slow to start it: that is not the same as having none.
      await runPython(name, ["-c", "import sys; sys.exit(sys.version_info[0] != 3)"], { timeout: 30_000 });
      return name;
    } catch {
      // Absent, or a Python 2: the next name.
    }
  }
  return undefined;
}
