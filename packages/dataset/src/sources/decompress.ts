import { createGunzip } from "node:zlib";
import { CutOff, decompressZstd } from "../util/zstd.js";
import type { RandomAccess } from "./access.js";
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
    if (failure === undefined && (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR") throw new CutOff("the gzip data ends in the middle", { cause: error });
    throw failure ?? error;
  } finally {
    gunzip.destroy();
  }
  // zlib ends quietly where the next member does not begin like one.
  if (gunzip.bytesWritten !== fed) throw new Error(`what stands behind byte ${gunzip.bytesWritten} is not gzip data`);
}

/** The bytes of a stream that is compressed as a whole. @throws Error where they are damaged, {@link CutOff} where cut off */
export const decompress = (chunks: AsyncIterable<Uint8Array>, compression: Compression | undefined, onVerified?: () => void): AsyncIterable<Uint8Array> =>
  compression === "gzip" ? decompressGzip(chunks) : compression === "zstd" ? decompressZstd(chunks, onVerified) : chunks;

/**
 * How far a compressed file can be trusted, found by decompressing it once: a checksum stands behind what it covers, so a
 * reader that takes lines as they come would take damaged ones before it knows.
 * @returns decompressed bytes that are sound (all of them, or those up to the last checksum that fits; of a file that is cut
 * off, all that there are), compressed bytes up to there, and what is wrong behind them
 */
export async function soundPart(access: RandomAccess, compression: Compression, signal?: AbortSignal): Promise<{ sound: number; consumed: number; damage?: Error }> {
  let consumed = 0;
  let output = 0;
  let verified = { sound: 0, consumed: 0 };
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of access.stream()) {
      signal?.throwIfAborted();
      consumed += chunk.length;
      yield chunk;
    }
  }
  try {
    for await (const piece of decompress(counted(), compression, () => (verified = { sound: output, consumed }))) output += piece.length;
    return { sound: output, consumed };
  } catch (error) {
    signal?.throwIfAborted();
    const damage = error instanceof Error ? error : new Error(String(error));
    return error instanceof CutOff ? { sound: output, consumed: access.size - 1, damage } : { ...verified, damage };
  }
}
