import { Thread } from "../util/thread.js";
import { type SignedTexts, TextSigner } from "./signature.js";

/** Signs lists of texts on threads, or with one worker on this one. */
export class SigningPool {
  readonly #threads: Thread<readonly string[]>[];
  #own: Promise<TextSigner> | undefined;

  constructor(readonly workers: number) {
    this.#threads = workers > 1 ? Array.from({ length: workers }, () => new Thread("dedupe-worker", { keeps: "what is signed stays." })) : [];
  }

  /** @throws what goes wrong in a thread; DatasetError where one has ended */
  async sign(texts: readonly string[]): Promise<SignedTexts> {
    if (this.#threads.length === 0) return (await (this.#own ??= TextSigner.create())).sign(texts);
    return this.#threads.reduce((least, thread) => (thread.load < least.load ? thread : least)).request<SignedTexts>(texts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
