import { createGunzip } from "node:zlib";
import { decompressZstd } from "../util/zstd.js";
import type { Compression } from "./types.js";

/** Decompresses gzip, also of several members. Its length and CRC-32 are verified, and nothing may stand behind it. */
async function* decompressGzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  let fed = 0;
  let failure: unknown;
  const feeding = (async () => {
    for await (const chunk of chunks) {
      if (gunzip.destroyed) return;
      fed += chunk.length;
      if (!gunzip.write(chunk)) {
        await new Promise<void>((go) => {
          const on = (): void => {
            gunzip.off("drain", on).off("close", on).off("end", on);
            go();
          };
          gunzip.on("drain", on).on("close", on).on("end", on);
        });
      }
    }
    gunzip.end();
  })().catch((error: unknown) => {
    failure = error;
    gunzip.destroy(error as Error);
  });
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) yield piece;
    await feeding;
  } catch (error) {
    throw failure ?? error;
  } finally {
    gunzip.destroy();
  }
  // zlib ends quietly where the next member does not begin like one.
  if (gunzip.bytesWritten !== fed) throw new Error(`what stands behind byte ${gunzip.bytesWritten} is not gzip data`);
}

/** The bytes of a stream that is compressed as a whole. @throws Error where they are damaged or cut off */
export const decompress = (chunks: AsyncIterable<Uint8Array>, compression: Compression | undefined): AsyncIterable<Uint8Array> =>
  compression === "gzip" ? decompressGzip(chunks) : compression === "zstd" ? decompressZstd(chunks) : chunks;
