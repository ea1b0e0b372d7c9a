import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const BIG = { maxBuffer: 1 << 28 };

/** The pinned version of a package in tools/goldens/requirements.txt, as pip takes it. */
const pinned = (name: string): string => {
  const line = readFileSync(join(root, "tools/goldens/requirements.txt"), "utf8").split("\n").find((text) => text.startsWith(`${name}==`));
  if (!line) throw new Error(`${name} is not in tools/goldens/requirements.txt`);
  return line.trim();
};

const imports = (python: string, module: string): Promise<boolean> => run(python, ["-c", `import ${module}`]).then(() => true, () => false);

/** Python 3 of this machine ($LLM_PYTHON, or python3), or undefined where there is none. */
export async function python3(): Promise<string | undefined> {
  const python = process.env.LLM_PYTHON ?? "python3";
  return run(python, ["--version"]).then(() => python, () => undefined);
}

/** A Python that has a package. */
export async function pythonWith(python: string, module: string): Promise<string | undefined> {
  return (await imports(python, module)) ? python : undefined;
}

/** A Python that has a package: the machine's own, else a virtual environment into which it is installed once. */
export async function installedPython(python: string, module: string): Promise<string> {
  if (await imports(python, module)) return python;
  const folder = join(tmpdir(), `llm-test-${pinned(module).replace("==", "-")}`);
  const own = join(folder, "bin", "python");
  if (existsSync(own) && (await imports(own, module))) return own;
  // Made under another name first, so that two runs at once don't use a half-made one.
  const making = `${folder}-${process.pid}`;
  await rm(making, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await run(python, ["-m", "venv", making]);
  await run(join(making, "bin", "python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", pinned(module)]);
  await rm(folder, { recursive: true, force: true });
  await rename(making, folder);
  return own;
}

/** Runs a script of tools/goldens and parses what it prints. */
export async function golden<T>(python: string, script: string, ...args: string[]): Promise<T> {
  const { stdout } = await run(python, [join(root, "tools/goldens", script), ...args], BIG);
  return JSON.parse(stdout) as T;
}
