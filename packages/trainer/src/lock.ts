import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TrainerError } from "./errors.js";
import { trainerFolder } from "./run-folder.js";

/** A run folder that belongs to this process until it is released. */
export interface RunLock {
  release(): Promise<void>;
}

/** What a lock file says of the process that made it. */
interface Holder {
  pid: number;
  /** When that process started, as the system counts it; null where it does not say. Tells it from a later process with its number. */
  started: string | null;
}

/** Runs that this very process trains. */
const held = new Set<string>();
let counter = 0;

/** Field 22 of /proc/PID/stat (proc(5)) and the boot it counts from; null without such a process or such a file. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // The name, second field, may hold spaces and parentheses.
    return `${boot}:${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return null;
  }
}

function lives({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(pid);
  return started === null || now === null || now === started;
}

async function read(path: string): Promise<{ text: string; holder: Holder | undefined } | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { pid, started } = JSON.parse(text) as Holder;
    return { text, holder: Number.isInteger(pid) && pid > 0 ? { pid, started } : undefined };
  } catch {
    return { text, holder: undefined };
  }
}

/** Puts a complete file at `path` unless there is one. @returns Whether it was put there. */
async function create(path: string, content: string): Promise<boolean> {
  const temporary = join(dirname(path), `.lock-${process.pid}-${counter++}.tmp`);
  await writeFile(temporary, content);
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    // No links on this file system: nearly as good, a reader may see the file empty for a moment.
    return await writeFile(path, content, { flag: "wx" }).then(
      () => true,
      (reason: NodeJS.ErrnoException) => {
        if (reason.code === "EEXIST") return false;
        throw reason;
      },
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Takes a run folder for this process: the file trainer/lock names its holder. A holder that is dead keeps nothing, so a killed run
 * resumes without further ado. Holds among the processes of one machine.
 *
 * @throws {TrainerError} If a living process, this one too, trains the run.
 */
export async function lockRun(run: string): Promise<RunLock> {
  const path = resolve(trainerFolder(run), "lock");
  const refuse = (pid: number): never => {
    throw new TrainerError(`${run} is being trained by process ${pid}. Wait for it or stop it (Ctrl-C writes a checkpoint), or choose another --out.`);
  };
  if (held.has(path)) refuse(process.pid);
  held.add(path);
  const content = `${JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder)}\n`;
  try {
    await mkdir(dirname(path), { recursive: true });
    while (!(await create(path, content))) {
      const found = await read(path);
      if (!found) continue; // just released
      // Our own number without a lock of ours is that of a dead process which had it before.
      if (found.holder && found.holder.pid !== process.pid && lives(found.holder)) refuse(found.holder.pid);
      await remove(path, found.text);
    }
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return {
    async release() {
      held.delete(path);
      if ((await read(path))?.text === content) await rm(path, { force: true });
    },
  };
}

/** Removes a dead holder's lock; if another process was quicker and holds the run by now, puts its lock back. */
async function remove(path: string, text: string): Promise<void> {
  const aside = join(dirname(path), `.lock-${process.pid}-${counter++}.tmp`);
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== text) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
