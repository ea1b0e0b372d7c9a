import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../cache.js";
import { tuningKey } from "../tuning/settings.js";
import type { LibraryFiles } from "./c-api.js";

/** What XLA compiled is kept up to this many bytes; the least recently used goes first. */
export const CACHE_BYTES = 512 * 2 ** 20;

const FLAG = "--tf_xla_persistent_cache_directory=";
const SUM = ".sha256";

/** Everything beside the function itself that decides what XLA makes of it. */
export interface CompileSettings {
  files: LibraryFiles;
  threads: number;
}

/**
 * Functions that XLA compiled, kept between processes by TensorFlow's own persistent cache (TF_XLA_FLAGS): a later process reads the
 * machine code instead of making it again. TensorFlow trusts what it finds: a damaged file makes XLA fail, and code for another processor
 * is run all the same. So each case has a folder of its own, each file a checksum beside it, and a file without the right one is removed
 * before TensorFlow sees it.
 */
export class CompileCache {
  /** null when the cache is off. */
  readonly folder: string | null;
  readonly #sealed = new Set<string>();

  constructor(folder: string | null) {
    this.folder = folder;
  }

  /**
   * The cache of this case, checked, with the environment variable that makes TensorFlow use it. Off with LLM_XLA_CACHE=0, where TF_XLA_FLAGS
   * names a cache already, where the folder can't be written or its path has white space, which TF_XLA_FLAGS can't.
   */
  static open(settings: CompileSettings, env: NodeJS.ProcessEnv = process.env): { cache: CompileCache; flags?: string } {
    const root = join(cacheFolder(), "xla");
    // A parent process with another TensorFlow may have left its folder in the environment.
    const flags = (env["TF_XLA_FLAGS"] ?? "").split(/\s+/).filter((flag) => flag && !flag.startsWith(`${FLAG}${root}`));
    const off = env["LLM_XLA_CACHE"] === "0" || /\s/.test(root) || flags.some((flag) => flag.startsWith(FLAG));
    if (off) return { cache: new CompileCache(null) };
    const folder = join(root, caseName(settings, env));
    try {
      mkdirSync(folder, { recursive: true });
      const cache = new CompileCache(folder);
      cache.check();
      prune(root);
      return { cache, flags: [...flags, FLAG + folder].join(" ") };
    } catch {
      return { cache: new CompileCache(null) }; // a read-only home: compile each time
    }
  }

  /** Removes what is not as it was written. */
  check(): void {
    for (const path of this.#files()) {
      let sound = false;
      try {
        sound = readFileSync(path + SUM, "utf8") === digest(path);
      } catch {
        // no checksum: its process ended before it was written
      }
      if (sound) {
        utimesSync(path, new Date(), statSync(path).mtime); // it is about to be used: see prune
        this.#sealed.add(path);
      } else remove(path);
    }
  }

  /** Writes the checksums of files that have none: after a function was compiled. */
  seal(): void {
    for (const path of this.#files()) {
      if (this.#sealed.has(path)) continue;
      this.#sealed.add(path);
      if (existsSync(path + SUM)) continue;
      try {
        const temporary = `${path}.${process.pid}.tmp`;
        writeFileSync(temporary, digest(path));
        renameSync(temporary, path + SUM);
      } catch {
        // Removed by another process meanwhile, or the disk is full: without a checksum it is not used again.
      }
    }
  }

  #files(): string[] {
    return this.folder === null ? [] : readdirSync(this.folder).filter((name) => name.endsWith(".pb")).map((name) => join(this.folder!, name));
  }
}

/** The processor's own features count: virtual machines give different ones the same name. */
function caseName({ files, threads }: CompileSettings, env: NodeJS.ProcessEnv): string {
  const features = process.platform === "linux" ? (/^(?:flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "") : "";
  const settings = ["XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "CUDA_VISIBLE_DEVICES"].map((name) => `${name}=${env[name] ?? ""}`);
  return createHash("sha256").update([tuningKey(files), threads, features, ...settings].join("\n")).digest("hex").slice(0, 16);
}

const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

function remove(path: string): void {
  rmSync(path, { force: true });
  rmSync(path + SUM, { force: true });
}

/** Keeps all cases together under `limit` bytes, by when a process that could use them was last started. */
export function prune(root: string, limit: number = CACHE_BYTES): void {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".pb")).map((name) => {
    const { size, atimeMs } = statSync(join(root, name));
    return { path: join(root, name), size, atimeMs };
  });
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.atimeMs - b.atimeMs)) {
    if (total <= limit) return;
    remove(path);
    total -= size;
  }
}
