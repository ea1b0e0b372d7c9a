import { stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "../util/hash.js";
import { checkDiskSpace } from "./disk.js";
import { cacheFolder, hubEnvironment } from "./environment.js";
import { type HubFile, hubClient } from "./hub-list.js";
import { type FetchOptions, type RemoteFile, checkFile, fetchFile } from "./transfer.js";

const exists = (path: string): Promise<boolean> => stat(path).then((found) => found.isFile(), () => false);

/** A file that another of the Hub's programs has fetched already (its cache is addressed by content), if it is whole. */
export async function inHubCache(file: HubFile, signal?: AbortSignal): Promise<string | undefined> {
  const digest = file.sha256 ?? file.gitOid;
  if (!digest) return undefined;
  const blob = join(hubEnvironment().cache, `datasets--${file.repo.replace("/", "--")}`, "blobs", digest);
  return (await exists(blob)) && (await checkFile(blob, file, signal)).fetched ? blob : undefined;
}

/** Where a file of the Hub is on this machine; fetched into $LLM_CACHE or ~/.cache/llm if it is nowhere yet. */
export async function fetchToCache(file: HubFile, options: Partial<FetchOptions> = {}): Promise<string> {
  const target = join(cacheFolder(), "hub", "datasets", ...file.repo.split("/"), file.sha256 ?? file.gitOid ?? "unknown", file.path.split("/").at(-1)!);
  if (await exists(target)) return target;
  const found = await inHubCache(file, options.signal);
  if (found) return found;
  await checkDiskSpace(cacheFolder(), file.size);
  await fetchFile(file, target, { client: hubClient(), ...options });
  return target;
}

/** Where a file of the web is on this machine; fetched into the cache folder if it isn't there, or if it is another one by now. */
export async function fetchUrlToCache(remote: RemoteFile, name: string, options: Partial<FetchOptions> = {}): Promise<string> {
  const identity = sha256Hex(JSON.stringify([remote.url, remote.size ?? null, remote.sha256 ?? remote.etag ?? null]));
  const target = join(cacheFolder(), "web", identity, name);
  // Without a digest or an entity tag nobody can say whether it is still the same file.
  if ((remote.sha256 ?? remote.etag) && (await exists(target))) return target;
  await checkDiskSpace(cacheFolder(), remote.size ?? 0);
  await fetchFile(remote, target, { client: hubClient(), ...options });
  return target;
}
