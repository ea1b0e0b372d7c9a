import { DatasetError } from "../errors.js";
import { type HttpClient, unreachable } from "./http.js";
import type { RemoteFile } from "./transfer.js";

/** Whether a source is an address on the web. */
export const isUrl = (source: string): boolean => /^https?:\/\//i.test(source);

const hex = (base64: string | undefined): string | undefined => {
  const bytes = base64 === undefined ? undefined : Buffer.from(base64, "base64");
  return bytes?.length === 32 ? bytes.toString("hex") : undefined;
};

/** The SHA-256 that an answer states of the whole file: Repr-Digest (RFC 9530), Digest (RFC 3230), or the Hub's X-Linked-ETag. */
function statedSha256(headers: Headers): string | undefined {
  const representation = /sha-256=:([A-Za-z0-9+/=]+):/.exec(headers.get("repr-digest") ?? "")?.[1];
  const digest = /(?:^|,\s*)sha-256=([A-Za-z0-9+/=]+)/i.exec(headers.get("digest") ?? "")?.[1];
  const linked = /^"?([0-9a-f]{64})"?$/.exec(headers.get("x-linked-etag") ?? "")?.[1];
  return hex(representation) ?? hex(digest) ?? linked;
}

/** The name of the file behind an address: the last part of its path. */
export function urlFileName(url: string): string {
  const { pathname, host } = new URL(url);
  const last = pathname.split("/").filter(Boolean).at(-1);
  let name = last ?? host;
  try {
    name = decodeURIComponent(name);
  } catch {
    // Not percent-encoded after all.
  }
  return name.replace(/[/\\\0]/g, "_").replace(/^\.+/, "_");
}

/**
 * Asks a server what an address holds. "#sha256=HEX" behind the address states its digest, as package indexes do.
 * @throws DatasetError where it can't be reached
 */
export async function probeUrl(source: string, client: HttpClient, signal?: AbortSignal): Promise<RemoteFile> {
  const parsed = new URL(source);
  const stated = /^#sha256=([0-9a-f]{64})$/i.exec(parsed.hash)?.[1]?.toLowerCase();
  if (parsed.hash.startsWith("#sha256=") && !stated) throw new DatasetError(`${source}: "#sha256=" must be followed by 64 hexadecimal digits.`);
  parsed.hash = "";
  const url = parsed.href;
  try {
    return await client.retrying(async () => {
      const answer = await client.get(url, { headers: { range: "bytes=0-0" }, accept: [416], signal });
      const { headers, status } = answer.response;
      const linked = headers.get("x-linked-etag");
      answer.cancel();
      const total = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
      const length = status === 206 || status === 416 ? total : headers.get("content-encoding") ? null : headers.get("content-length");
      const size = length === null || length === undefined ? undefined : Number(length);
      const etag = headers.get("etag");
      return { url, name: url, from: parsed.host, size: status === 416 ? (size ?? 0) : size, sha256: stated ?? statedSha256(headers), etag: etag?.startsWith('"') && !linked ? etag : undefined, ranges: status === 206 };
    }, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachable(url, parsed.host, error);
  }
}
