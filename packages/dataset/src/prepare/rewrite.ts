import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Document, type Message, chatText } from "../document.js";
import { openFile } from "../sources/access.js";
import { readParquet } from "../sources/parquet.js";
import { exists, writeJsonAtomic } from "../util/files.js";
import { JsonlWriter } from "../write/jsonl.js";
import { ParquetDocumentWriter } from "../write/parquet.js";
import { discount } from "./counts.js";
import { type KeptText, type PartMarker, readKept } from "./part.js";

/** A part that is written anew without texts that an earlier unit has, too. */
export interface RewriteJob {
  /** The part, and the folder that gets its successor. */
  part: string;
  target: string;
  marker: PartMarker;
  /** The rows, by their number among those that the part read, in ascending order. */
  rows: Uint32Array;
}

const MARKER = "rewritten.json";

/** The marker of a part that was rewritten completely, or undefined. */
export async function readRewritten(target: string): Promise<PartMarker | undefined> {
  const path = join(target, MARKER);
  return (await exists(path)) ? (JSON.parse(await readFile(path, "utf8")) as PartMarker) : undefined;
}

/** The lines of a file as written here; none where there is no file. */
async function* lines(path: string): AsyncGenerator<string> {
  if (!(await exists(path))) return;
  let rest = "";
  for await (const piece of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const all = (rest + String(piece)).split("\n");
    rest = all.pop()!;
    yield* all;
  }
}

/** Writes documents, chats, rejected rows and measures of a part as they are when the given rows count as duplicates. */
export async function rewritePart({ part, target, marker, rows }: RewriteJob, signal?: AbortSignal): Promise<PartMarker> {
  const done = await readRewritten(target);
  if (done) return done;
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const kept: KeptText[] = [];
  await readKept(part, (text) => kept.push(text));
  const drop = new Set(rows);
  const counts = structuredClone(marker.counts);
  const files: PartMarker["files"] = { ...marker.files };
  const access = marker.files.documents ? await openFile(join(part, "documents.parquet")) : undefined;
  const documents = access && readParquet(access, "documents.parquet", { signal });
  const chats = lines(join(part, "chats.jsonl"));
  const rejected = lines(join(part, "rejected.jsonl"));
  const writers: { documents?: ParquetDocumentWriter; chats?: JsonlWriter; rejected?: JsonlWriter; measures?: JsonlWriter } = {};
  const jsonl = (kind: "chats" | "rejected" | "measures"): Promise<JsonlWriter> => JsonlWriter.create(join(target, `${kind}.jsonl`));
  const next = async <T>(from: AsyncIterator<T> | undefined): Promise<T> => {
    const item = await from?.next();
    if (!item || item.done) throw new Error(`${part} has fewer rows than its marker says`);
    return item.value;
  };
  try {
    let at = 0;
    for (let row = 0; row < marker.counts.read; row++) {
      const text = kept[at]?.row === row ? kept[at++] : undefined;
      const gone = drop.has(row);
      if (!text) await (writers.rejected ??= await jsonl("rejected")).addLine(await next(rejected));
      else if (text.chat) {
        const line = await next(chats);
        if (gone) {
          const { messages, ...columns } = JSON.parse(line) as { messages: Message[] } & Omit<Document, "text">;
          const chat: Document = { text: chatText(messages), ...columns, messages };
          discount(counts, chat);
          await (writers.rejected ??= await jsonl("rejected")).add({ reason: "duplicate", ...chat });
        } else await (writers.chats ??= await jsonl("chats")).addLine(line);
      } else {
        const document = await next(documents);
        if (gone) {
          discount(counts, document);
          await (writers.rejected ??= await jsonl("rejected")).add({ reason: "duplicate", ...document });
        } else await (writers.documents ??= await ParquetDocumentWriter.create(join(target, "documents.parquet"))).add(document);
      }
    }
    // What the filters measured: the lines without a reason are those of the documents that are kept, in their order.
    const measured = kept.filter(({ chat }) => !chat).values();
    for await (const line of lines(join(part, "measures.jsonl"))) {
      const measure = JSON.parse(line) as { reason: string | null };
      const gone = measure.reason === null && drop.has((measured.next().value as KeptText).row);
      await (writers.measures ??= await jsonl("measures")).addLine(gone ? JSON.stringify({ ...measure, reason: "duplicate" }) : line);
    }
    for (const kind of ["documents", "chats", "rejected", "measures"] as const) {
      const written = await writers[kind]?.finish();
      if (written) files[kind] = written;
      else delete files[kind];
    }
  } catch (error) {
    for (const writer of Object.values(writers)) await writer.abort();
    throw error;
  } finally {
    await access?.close();
  }
  if (marker.files.damaged) await copyFile(join(part, "damaged.jsonl"), join(target, "damaged.jsonl"));
  const rewritten: PartMarker = { ...marker, counts, files };
  await writeJsonAtomic(join(target, MARKER), rewritten);
  return rewritten;
}
