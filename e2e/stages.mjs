// @ts-check
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(import.meta.url), "../..");

/** The command lines of the packages, as their users have them. */
const BINS = {
  "llm-dataset": "dataset",
  "llm-bpe": "bpe",
  "llm-backend": "backend",
  "llm-trainer": "trainer",
  "llm-infer": "infer",
};

/** @typedef {keyof typeof BINS} Bin */

/** @param {Bin} bin */
export const binPath = (bin) => join(root, "packages", BINS[bin], "bin", `${bin}.js`);

/**
 * Runs one of the packages' bins in a process of its own and waits for it.
 * @param {Bin} bin
 * @param {string[]} args
 * @param {{ capture?: boolean, env?: NodeJS.ProcessEnv, signal?: AbortSignal, quiet?: boolean }} [options] capture: return what it wrote to standard output
 * @returns {Promise<{ code: number, stdout: string }>}
 */
export const runBin = (bin, args, { capture = false, env = process.env, quiet = false } = {}) =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, [binPath(bin), ...args], { stdio: ["inherit", capture ? "pipe" : "inherit", quiet ? "ignore" : "inherit"], env, cwd: root });
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => (stdout += text));
    // The child gets the terminal's Ctrl-C itself and leaves a checkpoint; this process only has to outlive it.
    const wait = () => {};
    process.on("SIGINT", wait);
    const forward = () => child.kill("SIGTERM");
    process.on("SIGTERM", forward);
    child.on("error", fail);
    child.on("close", (code, signal) => {
      process.off("SIGINT", wait);
      process.off("SIGTERM", forward);
      done({ code: code ?? (signal === "SIGINT" ? 130 : 1), stdout });
    });
  });

/** @param {string} text */
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** The digest of a folder's files (names and contents), or of one file. @param {string} path @returns {string} */
const digest = (path) => {
  const hash = createHash("sha256");
  /** @param {string} at */
  const add = (at) => {
    for (const entry of readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = join(at, entry.name);
      if (entry.isDirectory()) add(child);
      else if (!entry.name.endsWith(".map") && !entry.name.endsWith(".tsbuildinfo") && !entry.name.endsWith(".d.ts")) hash.update(relative(path, child)).update(readFileSync(child));
    }
  };
  if (existsSync(path)) add(path);
  return hash.digest("hex");
};

/** @type {Map<string, string>} */
const builds = new Map();
/** @param {Bin} bin The digest of the package's build: a changed program is a changed input. */
const buildDigest = (bin) => {
  const folder = join(root, "packages", BINS[bin], "dist");
  if (!builds.has(folder)) builds.set(folder, digest(folder));
  return /** @type {string} */ (builds.get(folder));
};

/**
 * A stage of the pipeline: a command whose output is reused as long as its arguments, its program and the stages it reads
 * from are the same.
 * @typedef {object} Stage
 * @property {string} name
 * @property {Bin} bin
 * @property {string[]} args
 * @property {string} out The file or folder that the command makes.
 * @property {string[]} [after] The names of the stages whose output it reads.
 * @property {string[]} [resume] Arguments added when the same stage was cut off before and left something to go on from.
 */

/** Runs stages in order and remembers, beside their outputs, which of them are done. */
export class Pipeline {
  /** @type {Map<string, string>} */
  #keys = new Map();

  /** @param {string} folder Where the outputs and the stamps are. @param {(text: string) => void} say */
  constructor(folder, say) {
    this.folder = folder;
    this.say = say;
    mkdirSync(join(folder, ".stages"), { recursive: true });
  }

  /** @param {Stage} stage @returns {Promise<"done" | "reused">} @throws {StageError} when the command fails */
  async run(stage) {
    const inputs = (stage.after ?? []).map((name) => this.#keys.get(name) ?? "?");
    const key = sha256(JSON.stringify([stage.bin, stage.args, buildDigest(stage.bin), inputs]));
    this.#keys.set(stage.name, key);
    const stamp = join(this.folder, ".stages", `${stage.name}.json`);
    const before = existsSync(stamp) ? JSON.parse(readFileSync(stamp, "utf8")) : {};
    if (before.key === key && before.done && existsSync(stage.out)) {
      this.say(`${stage.name}: reused (${relative(root, stage.out)} is up to date)`);
      return "reused";
    }
    // What another version of this stage left behind is of no use; what the same stage left can be gone on from.
    if (before.key !== key) rmSync(stage.out, { recursive: true, force: true });
    const args = [...stage.args, ...(before.key === key && existsSync(stage.out) ? (stage.resume ?? []) : [])];
    this.#stamp(stamp, { key, done: false });
    this.say(`${stage.name}: ${stage.bin} ${args.map((arg) => (arg.startsWith(root) ? relative(root, arg) : arg)).join(" ")}`);
    const started = Date.now();
    const { code } = await runBin(stage.bin, args);
    if (code !== 0) throw new StageError(stage, code);
    this.#stamp(stamp, { key, done: true, seconds: (Date.now() - started) / 1000 });
    return "done";
  }

  /** @param {string} path @param {unknown} value */
  #stamp(path, value) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.tmp`, JSON.stringify(value));
    renameSync(`${path}.tmp`, path);
  }
}

/** A stage's command ended with an exit code other than 0; it has said why itself. */
export class StageError extends Error {
  /** @param {Stage} stage @param {number} code */
  constructor(stage, code) {
    super(code === 130 ? `stopped during ${stage.name}; run the same command again to go on from there` : `${stage.name} failed: ${stage.bin} ended with exit code ${code}`);
    this.code = code;
  }
}
