import { fetchToCache, fetchUrlToCache } from "../download/cache.js";
import { hubClient, isHubSource, listHub, parseHubSource } from "../download/hub-list.js";
import { probeUrl, urlFileName } from "../download/probe.js";
import { openRemote } from "../download/remote-access.js";
import { DatasetError } from "../errors.js";
import { ACCEPTED, type SourceFile, formatOf, isMeant } from "./types.js";

export { isHubSource };

/** The files of a data set on the Hub. Nothing is fetched before a file is read. @throws DatasetError */
export async function resolveHub(source: string, signal?: AbortSignal): Promise<SourceFile[]> {
  const client = hubClient();
  const { revision, path } = parseHubSource(source);
  const at = revision === "main" ? "" : `@${encodeURIComponent(revision)}`;
  const files = (await listHub(source, { client, signal })).flatMap((file): SourceFile[] => {
    const format = formatOf(file.path);
    if (!format || !isMeant(file.path, path)) return [];
    return [
      {
        name: `${file.repo}/${file.path}`,
        address: `hf://datasets/${file.repo}${at}/${file.path}`,
        ...format,
        size: file.size,
        digest: file.sha256 ?? file.gitOid ?? "",
        locate: (abort) => fetchToCache(file, { client, signal: abort }),
        open: (abort) => Promise.resolve(openRemote(file, client, abort)),
      },
    ];
  });
  if (files.length === 0) throw new DatasetError(`${source} has no file whose name ends in ${ACCEPTED}.`);
  return files;
}

/** The file behind an address on the web. @throws DatasetError */
export async function resolveUrl(source: string, signal?: AbortSignal): Promise<SourceFile[]> {
  const client = hubClient();
  const name = urlFileName(source);
  const format = formatOf(name);
  if (!format) throw new DatasetError(`${source} is not a file that can be read: expected a name that ends in ${ACCEPTED}.`);
  const remote = await probeUrl(source, client, signal);
  const { size } = remote;
  return [
    {
      name,
      address: remote.url,
      ...format,
      size: size ?? 0,
      // What identifies the content without fetching it; where there is nothing, it is fetched and hashed.
      ...(remote.sha256 ?? remote.etag ? { digest: remote.sha256 ?? `${remote.url} ${remote.etag}` } : {}),
      locate: (abort) => fetchUrlToCache(remote, name, { client, signal: abort }),
      ...(size !== undefined && remote.ranges ? { open: (abort?: AbortSignal) => Promise.resolve(openRemote({ ...remote, size }, client, abort)) } : {}),
    },
  ];
}
