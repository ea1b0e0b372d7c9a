import { type FileHandle, open } from "node:fs/promises";

/** Bytes that can be read anywhere: a file of this machine, or one on a server by range requests. */
export interface RandomAccess {
  readonly size: number;
  /** Whether reading costs no network. */
  readonly local: boolean;
  /** Exactly the bytes from `start` up to, not including, `end`, in a buffer of their own. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** All bytes, or those from `start` up to, not including, `end`, front to back. Of a local file the pieces end at multiples of 1 MiB, wherever they begin. */
  stream(start?: number, end?: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const CHUNK = 1 << 20;

/** A file of this machine. */
export async function openFile(path: string): Promise<RandomAccess> {
  const handle: FileHandle = await open(path, "r");
  const { size } = await handle.stat().catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  const read = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
    if (!(start >= 0 && start <= end && end <= size)) throw new Error(`it points to bytes ${start} to ${end}, but has only ${size}`);
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) throw new Error(`it ended at byte ${start + at} while being read`);
      at += bytesRead;
    }
    return bytes;
  };
  return {
    size,
    local: true,
    read,
    async *stream(start = 0, end = size) {
      for (let at = start; at < end; ) {
        const next = Math.min(end, (Math.floor(at / CHUNK) + 1) * CHUNK);
        yield await read(at, next);
        at = next;
      }
    },
    close: () => handle.close(),
  };
}
