import { ShardError, reasonOf } from "../errors.js";
import type { Xxh64 } from "../util/hash.js";
import { type Frame, decodeFrame, decodeShard, readerOf, tokenSize, u32View } from "./decode.js";
import { DIGITS } from "./encode.js";
import { problemOfRuns } from "./source-rows.js";
import { decodeSource } from "./sources.js";
import { ALIGNMENT, BLOCK, type ShardSection, TRAILER } from "./types.js";

/** The type of each section's elements. */
const TYPES: Record<string, string> = { doc_ends: "u32", loss_mask: "u8", doc_bytes: "u32", source_ends: "u32", sources: "u8", source_rows: "u32" };

/** What a shard file is that was checked by itself. */
export interface ShardCheck {
  /** What is wrong with it, in words; empty where nothing is. */
  problems: string[];
  /** Its header and footer, where they could be read. */
  frame?: Frame;
}

/** Damaged blocks of a section. */
function sectionProblems(bytes: Uint8Array, { name, offset, length, xxh64, blocks }: ShardSection, { hex }: Xxh64): string[] {
  const payload = bytes.subarray(offset, offset + length);
  const problems = blocks.flatMap((expected, index) =>
    hex(payload.subarray(index * BLOCK, (index + 1) * BLOCK)) === expected ? [] : [`the section "${name}" is damaged within bytes ${offset + index * BLOCK} to ${offset + Math.min(length, (index + 1) * BLOCK)}`],
  );
  if (problems.length === 0 && hex(payload) !== xxh64) problems.push(`the checksum of the section "${name}" does not fit those of its blocks: the footer is damaged`);
  return problems;
}

/** Bytes between the parts must be padding, and nothing else. */
function layoutProblems(bytes: Uint8Array, { footer, footerOffset }: Frame): string[] {
  let at = footer.header.length;
  for (const { name, offset, length } of footer.sections) {
    const padding = bytes.subarray(at, offset - 5);
    if (offset - 5 < at || padding.byteLength >= ALIGNMENT || !padding.every((byte) => byte === 0xc0)) return [`the padding before the section "${name}" is damaged (bytes ${at} to ${offset - 5})`];
    at = offset + length;
  }
  return at === footerOffset ? [] : [`there are unknown bytes before the footer (${at} to ${footerOffset})`];
}

/** Counts of the footer that can be counted again. Called for shards whose parts fit each other. */
function countProblems(bytes: Uint8Array, { header, footer }: Frame, file: string): string[] {
  const { tokens, docEnds, lossMask } = decodeShard(bytes, file);
  const problems: string[] = [];
  let ones = 0;
  let previous = 0;
  let maxId = 0;
  for (const id of tokens) if (id > maxId) maxId = id;
  for (const end of docEnds) {
    ones += Math.max(0, end - previous - 1);
    previous = end;
  }
  if (lossMask) {
    ones = 0;
    for (let byte of lossMask) for (; byte > 0; byte &= byte - 1) ones++;
    const unused = lossMask.length * 8 - tokens.length;
    if (unused > 0 && lossMask.at(-1)! >> (8 - unused) !== 0) problems.push("unused bits of its loss mask are not 0");
  }
  if (ones !== footer.loss_tokens) problems.push(`its footer speaks of ${footer.loss_tokens} tokens in the loss, it has ${ones}`);
  if (maxId !== footer.max_id) problems.push(`its footer speaks of a largest id of ${footer.max_id}, it has ${maxId}`);
  for (const { name, dtype } of footer.sections) {
    const expected = name === "tokens" ? header.dtype : TYPES[name];
    if (expected !== undefined && dtype !== expected) problems.push(`its section "${name}" is said to be of ${dtype}, expected ${expected}`);
  }
  if (footer.files) problems.push(...sourceProblems(bytes, { header, footer }, file));
  if (footer.source_files) {
    const { offset, length } = footer.sections.find(({ name }) => name === "source_rows")!;
    const problem = problemOfRuns(u32View(bytes.subarray(offset, offset + length)), footer);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

/** Every document's source must be readable. */
function sourceProblems(bytes: Uint8Array, { footer }: Pick<Frame, "header" | "footer">, file: string): string[] {
  const payload = (name: ShardSection["name"]): Uint8Array => {
    const { offset, length } = footer.sections.find((section) => section.name === name)!;
    return bytes.subarray(offset, offset + length);
  };
  const records = payload("sources");
  let previous = 0;
  for (const end of u32View(payload("source_ends"))) {
    if (end <= previous || end > records.length) return [`the sources of its documents end at bytes ${previous} and ${end} of ${records.length}`];
    decodeSource(records.subarray(previous, end), footer.files, file);
    previous = end;
  }
  const text = u32View(payload("doc_bytes")).reduce((sum, count) => sum + count, 0);
  return [...(previous === records.length ? [] : ["it has sources of no document"]), ...(text === footer.text_bytes ? [] : [`its footer speaks of ${footer.text_bytes} bytes of text, its documents have ${text}`])];
}

/**
 * Everything that a shard file says of itself, checked: layout, checksums of header, footer and every block, counts, ids,
 * document ends, sources. A shard of version 1.0 has no checksum of its footer, and there its `text_bytes` alone can't be
 * checked without the manifest.
 * @param bytes The whole file, beginning at a multiple of 64 in its buffer
 */
export function checkShard(bytes: Uint8Array, hash: Xxh64, file: string): ShardCheck {
  const problems: string[] = [];
  let frame: Frame | undefined;
  try {
    frame = decodeFrame(readerOf(bytes), bytes.byteLength, file);
    const { header, footer, footerOffset } = frame;
    if (hash.hex(bytes.subarray(0, footer.header.length)) !== footer.header.xxh64) problems.push("the header is damaged");
    const signed = footer.xxh64 !== undefined || footer.files !== undefined || header.version.minor >= 1;
    if (signed && hash.hex(bytes.subarray(footerOffset, bytes.byteLength - TRAILER - DIGITS)) !== footer.xxh64) problems.push("the footer is damaged");
    problems.push(...layoutProblems(bytes, frame), ...footer.sections.flatMap((section) => sectionProblems(bytes, section, hash)));
    if (footer.sections.some(({ name, length }) => name === "tokens" && length !== footer.tokens * tokenSize(header.dtype))) problems.push(`its footer speaks of ${footer.tokens} tokens, its section has others`);
    if (problems.length === 0) problems.push(...countProblems(bytes, frame, file));
  } catch (error) {
    if (!(error instanceof ShardError)) throw error;
    problems.push(reasonOf(error).replace(`${file}: `, "").replace(/\.? Write the shards anew\.$/, ""));
  }
  return { problems, ...(frame ? { frame } : {}) };
}
