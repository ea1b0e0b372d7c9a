import { DatasetError } from "../errors.js";
import type { RandomAccess } from "../sources/access.js";
import { type HttpClient, TransferError, unreachable } from "./http.js";
import type { RemoteFile } from "./transfer.js";

/**
 * A file on a server, of which only the ranges that are read are fetched. Its digest can't be checked this way; lengths and
 * whatever checksums the format itself has are.
 */
export function openRemote(remote: RemoteFile & { size: number }, client: HttpClient, signal?: AbortSignal): RandomAccess {
  const { size, name, from } = remote;
  // Where the Hub sent the first request; the next ones go there directly until the address expires.
  let address = remote.url;
  const range = async (start: number, end: number, take: (piece: Uint8Array) => void): Promise<void> => {
    let at = start;
    await client.retrying(async (progressed) => {
      const url = address;
      const answer = await client.get(url, { headers: { range: `bytes=${at}-${end - 1}`, ...(remote.etag ? { "if-match": remote.etag } : {}) }, signal }).catch((error: unknown) => {
        if (url === remote.url || !(error instanceof TransferError) || ![401, 403, 404, 410].includes(error.details.status ?? 0)) throw error;
        address = remote.url;
        throw new TransferError("its address has expired", { again: true, cause: error });
      });
      const stated = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.response.headers.get("content-range") ?? "");
      if (answer.response.status !== 206 || !stated) {
        answer.cancel();
        throw new DatasetError(`${name}: ${from} does not answer range requests, so a part of it can't be read. Leave out the limit to fetch it as a whole.`);
      }
      if (Number(stated[1]) !== at || (stated[2] !== "*" && Number(stated[2]) !== size)) {
        answer.cancel();
        throw new DatasetError(`${name} has changed on the server: asked for bytes from ${at} of ${size}, answered with ${answer.response.headers.get("content-range")}. Run the same command again.`);
      }
      address = answer.url;
      for await (const piece of answer.body()) {
        const wanted = piece.subarray(0, end - at);
        take(wanted);
        at += wanted.length;
        if (wanted.length > 0) progressed();
        if (at >= end) break;
      }
      if (at < end) throw new TransferError(`the connection ended ${end - at} bytes early`, { again: true });
    }, signal);
  };
  const asked = async (start: number, end: number, take: (piece: Uint8Array) => void): Promise<void> => {
    if (start >= end) return;
    try {
      await range(start, end, take);
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(name, from, error);
    }
  };
  return {
    size,
    local: false,
    async read(start, end) {
      if (!(start >= 0 && start <= end && end <= size)) throw new Error(`it points to bytes ${start} to ${end}, but has only ${size}`);
      const bytes = new Uint8Array(end - start);
      let at = 0;
      await asked(start, end, (piece) => {
        bytes.set(piece, at);
        at += piece.length;
      });
      return bytes;
    },
    async *stream(first = 0, last = size) {
      // In steps that grow: who stops early has fetched little, who reads on does so in few requests.
      for (let start = first, step = 1 << 18; start < last; start += step, step = Math.min(step * 2, 8 << 20)) yield await this.read(start, Math.min(last, start + step));
    },
    close: () => Promise.resolve(),
  };
}
