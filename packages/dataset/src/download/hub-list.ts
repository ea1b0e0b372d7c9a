import { dirname } from "node:path";
import { type ListFileEntry, listFiles, pathsInfo } from "@huggingface/hub";
import { DatasetError } from "../errors.js";
import { globToRegExp, isGlob, splitGlob } from "../sources/glob.js";
import { type HubEnvironment, hubEnvironment } from "./environment.js";
import { HttpClient, type HttpOptions, unreachable } from "./http.js";
import type { RemoteFile } from "./transfer.js";

const PREFIX = "hf://datasets/";

/** Whether a source names data on the Hugging Face Hub. */
export const isHubSource = (source: string): boolean => source.startsWith("hf://");

/** A place on the Hub: hf://datasets/OWNER/NAME[@REVISION][/PATH]. */
export interface HubPlace {
  repo: string;
  revision: string;
  path: string;
}

/** @throws DatasetError for anything but a data set's address */
export function parseHubSource(source: string): HubPlace {
  const match = /^([\w.-]+\/[\w.-]+)(?:@([^/]+))?(?:\/(.*))?$/.exec(source.startsWith(PREFIX) ? source.slice(PREFIX.length) : "");
  if (!match) throw new DatasetError(`${source} is not a data set on the Hub: expected ${PREFIX}OWNER/NAME[@REVISION]/PATH.`);
  return { repo: match[1]!, revision: match[2] ? decodeURIComponent(match[2]) : "main", path: (match[3] ?? "").replace(/\/+$/, "") };
}

/** A file on the Hub. */
export interface HubFile extends RemoteFile {
  repo: string;
  /** Path within the data set. */
  path: string;
  size: number;
}

/** A client that talks to the Hub as the environment says. */
export const hubClient = (options: HttpOptions = {}, environment: HubEnvironment = hubEnvironment()): HttpClient =>
  new HttpClient({ timeout: environment.timeout, token: environment.token, tokenOrigin: new URL(environment.endpoint).origin, ...options });

/** What a server says is not trusted as a path: it must stay below the folder that it is written to. */
function checkEntry({ path, oid, lfs }: Pick<ListFileEntry, "path" | "oid" | "lfs">, source: string): void {
  const isSafe = path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[\\\0]/.test(part));
  if (!isSafe) throw new DatasetError(`${source}: the Hub lists a file with the path ${JSON.stringify(path)}, which is no path within a data set. Nothing was fetched; check HF_ENDPOINT.`);
  if ((lfs && !/^[0-9a-f]{64}$/.test(lfs.oid)) || (oid !== undefined && !/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(oid))) throw new DatasetError(`${source}: the Hub lists ${path} with a digest that is none. Nothing was fetched; check HF_ENDPOINT.`);
}

const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** `fetch` as the Hub's own library takes it: whole answers, repeated politely, with the token that belongs to the place. */
const politeFetch =
  (client: HttpClient, signal?: AbortSignal): typeof fetch =>
  (input, init) =>
    client.retrying(async () => {
      const url = input instanceof Request ? input.url : String(input);
      const headers = Object.fromEntries(new Headers(init?.headers).entries());
      const answer = await client.get(url, { headers, signal, method: init?.method ?? "GET", ...(typeof init?.body === "string" ? { body: init.body } : {}) });
      const parts: Uint8Array[] = [];
      for await (const part of answer.body()) parts.push(part);
      return new Response(Buffer.concat(parts), { status: answer.response.status, headers: answer.response.headers });
    }, signal);

/**
 * The files of a place on the Hub: the one that it names, those below a folder, or those that a glob matches; sorted by path.
 * @throws DatasetError where the Hub can't be reached or has no such place
 */
export async function listHub(source: string, { client = hubClient(), signal }: { client?: HttpClient; signal?: AbortSignal | undefined } = {}): Promise<HubFile[]> {
  const environment = hubEnvironment();
  const { repo, revision, path } = parseHubSource(source);
  if (environment.offline) throw new DatasetError(`${source} can't be listed: HF_HUB_OFFLINE is set. Unset it, or name the folder of an earlier download.`);
  const shared = { repo: { type: "dataset", name: repo } as const, revision, hubUrl: environment.endpoint, fetch: politeFetch(client, signal) };
  const below = async (folder: string): Promise<ListFileEntry[]> => {
    const entries: ListFileEntry[] = [];
    for await (const entry of listFiles({ ...shared, recursive: true, ...(folder ? { path: encodePath(folder) } : {}) })) if (entry.type === "file") entries.push(entry);
    return entries;
  };
  try {
    let entries: Pick<ListFileEntry, "path" | "size" | "oid" | "lfs">[];
    if (path === "") entries = await below("");
    else if (isGlob(path)) {
      const matcher = globToRegExp(path);
      entries = (await below(splitGlob(path).base.replace(/^\.$/, ""))).filter((entry) => matcher.test(entry.path));
    } else {
      const [found] = await pathsInfo({ ...shared, paths: [path] });
      entries = found?.type === "file" ? [found] : found?.type === "directory" ? await below(path) : [];
      if (!found) throw new DatasetError(`${source} does not exist on the Hub: the data set ${repo}@${revision} has no file or folder of that name${dirname(path) === "." ? "" : ` in ${dirname(path)}`}. Check the name.`);
    }
    for (const entry of entries) checkEntry(entry, source);
    return entries
      .map((entry): HubFile => ({
        repo,
        path: entry.path,
        url: `${environment.endpoint}/datasets/${repo}/resolve/${encodeURIComponent(revision)}/${encodePath(entry.path)}`,
        name: `hf://datasets/${repo}/${entry.path}`,
        from: "the Hub",
        size: entry.lfs?.size ?? entry.size,
        sha256: entry.lfs?.oid,
        gitOid: entry.lfs ? undefined : entry.oid,
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachable(source, "the Hub", error);
  }
}
