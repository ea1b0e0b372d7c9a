// @ts-check
// Ray from PyPI in a virtual environment of its own, and clusters of several nodes on this machine.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../run.mjs";

const requirements = join(dirname(fileURLToPath(import.meta.url)), "requirements.txt");

/** @param {string} command @param {string[]} args @param {Parameters<typeof run>[2]} [options] */
export const must = async (command, args, options) => {
  const result = await run(command, args, options);
  if (result.code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${result.code ?? result.signal}:\n${result.stderr}\n${result.stdout}`);
  return result;
};

/**
 * The folder of a virtual environment with the pinned Ray; made on the first call of a machine. It lies in $LLM_TEST_CACHE (default: the
 * packages' cache folder), named by the pinned versions.
 */
export async function installRay() {
  const cache = process.env.LLM_TEST_CACHE || process.env.LLM_CACHE || join(homedir(), ".cache/llm");
  const folder = join(cache, `test-ray-${createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12)}`);
  if (existsSync(join(folder, "complete"))) return folder;
  mkdirSync(cache, { recursive: true });
  const python = process.env.LLM_PYTHON || "python3";
  // A virtual environment can't be moved, so an unfinished one is made anew in its place.
  rmSync(folder, { recursive: true, force: true });
  await must(python, ["-m", "venv", folder]).catch((error) => {
    throw new Error(`The tests of several machines need Python 3.10 to 3.13 with venv, for Ray; $LLM_PYTHON names another one than ${python}.`, { cause: error });
  });
  await must(join(folder, "bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", requirements]);
  mkdirSync(join(folder, "complete.tmp"));
  renameSync(join(folder, "complete.tmp"), join(folder, "complete"));
  return folder;
}

/** A port that is free. @returns {Promise<number>} */
const freePort = () =>
  new Promise((done, fail) => {
    const server = createServer().on("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });

/** The processes of a group and all that they started: Ray's workers have groups of their own. @param {number} group */
function processesOf(group) {
  /** @type {[pid: number, parent: number, group: number][]} */
  const all = existsSync("/proc/self/stat")
    ? readdirSync("/proc").flatMap((name) => {
        if (!/^\d+$/.test(name)) return [];
        try {
          // "PID (NAME) STATE PARENT GROUP …", where NAME may have anything in it.
          const stat = readFileSync(`/proc/${name}/stat`, "utf8");
          const [, parent, of] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
          return [[Number(name), parent ?? 0, of ?? 0]];
        } catch {
          return [];
        }
      })
    : execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid="], { encoding: "utf8" }).trim().split("\n").map((line) => /** @type {[number, number, number]} */ (line.trim().split(/\s+/).map(Number)));
  const found = new Set(all.filter(([, , of]) => of === group).map(([pid]) => pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of all) if (found.has(parent)) found.add(pid);
  }
  return found;
}

/** A cluster of nodes with one processor each, as of machines that share a disk. */
export class Cluster {
  /** @type {Map<string, number>} The process groups of the nodes that run. */
  #nodes = new Map();
  address = "";

  /** @param {string} ray Folder of the virtual environment @param {string} folder For its logs and sockets: a short path */
  constructor(ray, folder) {
    this.ray = ray;
    this.folder = folder;
  }

  /** Starts a node; the first one is the head. What runs on it finds its name in $LLM_TEST_NODE. @param {string} name */
  async start(name) {
    for (let left = 3; ; left--) {
      try {
        return await this.#start(name);
      } catch (error) {
        this.kill(name);
        // Ray gives a node 30 seconds, which can't be changed and are too few on a busy machine.
        if (left === 1 || !String(error).includes("timed out during startup")) throw error;
      }
    }
  }

  /** @param {string} name */
  async #start(name) {
    const head = this.address === "";
    const port = head ? await freePort() : 0;
    const where = head ? ["--head", `--port=${port}`, `--temp-dir=${this.folder}`, "--include-dashboard=false"] : [`--address=${this.address}`];
    const same = ["--num-cpus=1", "--node-ip-address=127.0.0.1", "--object-store-memory=80000000", "--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0", "--disable-usage-stats"];
    // Detached, the node and all it starts are a process group that can be ended at once, as a machine can.
    const child = spawn(join(this.ray, "bin/ray"), ["start", ...where, ...same], { detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LLM_TEST_NODE: name, RAY_DISABLE_MEMORY_MONITOR: "1" } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
    this.#nodes.set(name, /** @type {number} */ (child.pid));
    const code = await new Promise((done) => child.on("exit", done));
    if (code !== 0) throw new Error(`ray start ended with ${code}:\n${output}`);
    if (head) this.address = `127.0.0.1:${port}`;
  }

  /** Sends a signal to all processes of a node. @param {string} name @param {NodeJS.Signals} signal */
  #signal(name, signal) {
    const group = this.#nodes.get(name);
    for (const pid of group ? processesOf(group) : []) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself.
      }
    }
  }

  /** Stops everything on a node for a moment. @param {string} name */
  pause(name) {
    this.#signal(name, "SIGSTOP");
  }

  /** @param {string} name */
  resume(name) {
    this.#signal(name, "SIGCONT");
  }

  /** Ends a node and everything on it, like a power cut. @param {string} name */
  kill(name) {
    this.#signal(name, "SIGKILL");
    this.#nodes.delete(name);
  }

  /** Ends all nodes. */
  stop() {
    for (const name of [...this.#nodes.keys()]) this.kill(name);
  }
}
