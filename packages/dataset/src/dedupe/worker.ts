import { parentPort } from "node:worker_threads";
import { answer } from "../util/thread.js";
import { TextSigner } from "./signature.js";

/** Signs the lists of texts that are sent, in their order. */
const signer = await TextSigner.create();
parentPort!.on("message", (texts: string[]) => {
  void answer(
    () => signer.sign(texts),
    ({ counts, shingles, keys }) => [counts.buffer, shingles.buffer, keys.buffer],
  );
});
