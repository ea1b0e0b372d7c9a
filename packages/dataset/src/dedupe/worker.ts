import { parentPort } from "node:worker_threads";
import { TextSigner } from "./signature.js";

/** Signs the lists of texts that are sent, in their order. */
const signer = await TextSigner.create();
parentPort!.on("message", (texts: string[]) => {
  const signed = signer.sign(texts);
  parentPort!.postMessage(signed, [signed.counts.buffer, signed.shingles.buffer, signed.keys.buffer]);
});
