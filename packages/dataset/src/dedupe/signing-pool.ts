import { Worker } from "node:worker_threads";
import { DatasetError } from "../errors.js";
import { type SignedTexts, TextSigner } from "./signature.js";

// In the repository's own tests this file runs as TypeScript, which a thread can't; it then takes the built worker.
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "../../dist/dedupe-worker.js" : "./dedupe-worker.js", import.meta.url);

interface Waiting {
  resolve: (signed: SignedTexts) => void;
  reject: (reason: unknown) => void;
}

/** One thread and the lists that it has, in their order. */
class Lane {
  readonly #worker = new Worker(ENTRY, { execArgv: [] });
  readonly #waiting: Waiting[] = [];
  #failure: { reason: unknown } | undefined;

  constructor() {
    this.#worker.on("message", (signed: SignedTexts) => this.#waiting.shift()!.resolve(signed));
    this.#worker.on("error", (reason) => this.#fail(reason));
    this.#worker.on("exit", (code) => this.#fail(new DatasetError(`A thread that signs texts ended with code ${code}, perhaps for want of memory. Run the same command again, with fewer --workers: what is signed stays.`)));
  }

  get load(): number {
    return this.#waiting.length;
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure.reason);
  }

  sign(texts: readonly string[]): Promise<SignedTexts> {
    return new Promise((resolve, reject) => {
      if (this.#failure) reject(this.#failure.reason);
      else {
        this.#waiting.push({ resolve, reject });
        this.#worker.postMessage(texts);
      }
    });
  }

  close(): Promise<unknown> {
    return this.#worker.terminate();
  }
}

/** Signs lists of texts on threads, or with one worker on this one. */
export class SigningPool {
  readonly #lanes: Lane[];
  #own: Promise<TextSigner> | undefined;

  constructor(readonly workers: number) {
    this.#lanes = workers > 1 ? Array.from({ length: workers }, () => new Lane()) : [];
  }

  async sign(texts: readonly string[]): Promise<SignedTexts> {
    if (this.#lanes.length === 0) return (await (this.#own ??= TextSigner.create())).sign(texts);
    return this.#lanes.reduce((least, lane) => (lane.load < least.load ? lane : least)).sign(texts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}
