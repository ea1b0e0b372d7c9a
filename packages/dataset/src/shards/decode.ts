import { Unpackr } from "msgpackr";
import { ShardError, reasonOf } from "../errors.js";
import type { Xxh64 } from "../util/hash.js";
import { ALIGNMENT, BLOCK, FORMAT_MAJOR, type SectionName, type ShardFooter, type ShardHeader, type ShardSection, TRAILER, TRAILER_MAGIC, type Tokens } from "./types.js";

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

/** A header may not be larger than this; a footer has 17 bytes for each MiB of sections, far below. */
const MAX_HEADER = 64 << 10;
const MAX_FOOTER = 16 << 20;

/** The parts of a shard file as views of its bytes. */
export interface DecodedShard {
  header: ShardHeader;
  footer: ShardFooter;
  tokens: Tokens;
  /** End of each document as a token index, exclusive. */
  docEnds: Uint32Array;
  /** One bit for each token, the lowest bit of a byte first. */
  lossMask?: Uint8Array;
}

/** The frame of a shard file: what its header and footer say, and where the footer begins. */
export interface Frame {
  header: ShardHeader;
  footer: ShardFooter;
  footerOffset: number;
}

/** Bytes `from` to `to` of a file, fewer where it ends before. They begin at any offset of their buffer. */
export type ReadBytes = (from: number, to: number) => Uint8Array;

/** A whole number that is exact and not negative. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readMap(bytes: Uint8Array, what: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = unpackr.unpack(bytes);
  } catch (error) {
    throw new ShardError(file, `the ${what} is not msgpack (${reasonOf(error)}). Write the shards anew.`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ShardError(file, `the ${what} is not a msgpack map. Write the shards anew.`);
  return value as Record<string, unknown>;
}

/** Where the footer begins, from the last 18 bytes. */
function footerOffset(read: ReadBytes, size: number, file: string): number {
  const at = size - TRAILER;
  if (at < 0) throw new ShardError(file, `${size} bytes are too few for a shard; it was cut off. Write the shards anew.`);
  const trailer = read(at, size);
  if (trailer[0] !== 0xc4 || trailer[1] !== 16 || TRAILER_MAGIC.some((byte, index) => trailer[10 + index] !== byte)) throw new ShardError(file, "its end is not that of a shard: it was cut off, or is another kind of file. Write the shards anew.");
  const offset = Number(new DataView(trailer.buffer, trailer.byteOffset + 2, 8).getBigUint64(0, true));
  if (!(offset < at) || at - offset > MAX_FOOTER) throw new ShardError(file, `its trailer points to byte ${offset} for the footer, which can't be. Write the shards anew.`);
  return offset;
}

function checkedSection(value: unknown, read: ReadBytes, limit: number, file: string): ShardSection {
  const section = (value ?? {}) as ShardSection;
  const { name, offset, length } = section;
  const fits = section !== null && typeof section === "object" && typeof name === "string" && isCount(offset) && isCount(length) && offset >= 5 && offset % ALIGNMENT === 0 && offset + length <= limit && Array.isArray(section.blocks) && section.blocks.length === Math.ceil(length / BLOCK);
  const bytes = fits ? read(offset - 5, offset) : undefined;
  const head = bytes && new DataView(bytes.buffer, bytes.byteOffset, 5);
  if (!head || head.getUint8(0) !== 0xc6 || head.getUint32(1, false) !== length) throw new ShardError(file, `its footer places the section "${String(name)}" at byte ${String(offset)} with ${String(length)} bytes, where there is none. Write the shards anew.`);
  return section;
}

/** Header and footer of a shard file of `size` bytes, with every number checked against the file. @throws ShardError */
export function decodeFrame(read: ReadBytes, size: number, file: string): Frame {
  const end = footerOffset(read, size, file);
  const footer = readMap(read(end, size - TRAILER), "footer", file) as unknown as ShardFooter;
  const length = footer.header?.length;
  if (!isCount(length) || length > MAX_HEADER || length > end) throw new ShardError(file, "its footer does not say how long the header is. Write the shards anew.");
  const header = readMap(read(0, length), "header", file) as unknown as ShardHeader;
  if (header.magic !== "LLMS") throw new ShardError(file, "it does not begin with a shard's header; it is another kind of file.");
  if (header.version?.major !== FORMAT_MAJOR) throw new ShardError(file, `it has format version ${String(header.version?.major)}.${String(header.version?.minor)}; this program reads ${FORMAT_MAJOR}.x. Use a newer program, or write the shards anew.`);
  if (header.endian !== "le" || (header.dtype !== "u16" && header.dtype !== "u32")) throw new ShardError(file, `it has tokens of type ${String(header.dtype)} (${String(header.endian)}); this program reads u16 and u32 (le).`);
  if (!isCount(header.tokenizer?.vocab_size)) throw new ShardError(file, "its header does not say which tokenizer it was made with. Write the shards anew.");
  if (![footer.documents, footer.tokens, footer.loss_tokens, footer.text_bytes, footer.max_id].every(isCount) || !Array.isArray(footer.sections)) throw new ShardError(file, "its footer lacks counts. Write the shards anew.");
  if (footer.files !== undefined && !(Array.isArray(footer.files) && footer.files.every((name) => typeof name === "string"))) throw new ShardError(file, "its footer does not list the files that its documents are from. Write the shards anew.");
  if (footer.source_files !== undefined && !(Array.isArray(footer.source_files) && footer.source_files.every((name) => typeof name === "string"))) throw new ShardError(file, "its footer does not list the files that its documents are from. Write the shards anew.");
  footer.sections = footer.sections.map((section) => checkedSection(section, read, end, file));
  return { header, footer, footerOffset: end };
}

/** {@link ReadBytes} of a file in memory. */
export const readerOf =
  (bytes: Uint8Array): ReadBytes =>
  (from, to) =>
    bytes.subarray(from, to);

/** The section of a name, or undefined. @throws ShardError when its size is no multiple of its elements' */
export function sectionOf({ sections }: ShardFooter, name: SectionName, size: number, file: string): ShardSection | undefined {
  const section = sections.find((candidate) => candidate.name === name);
  if (section && section.length % size !== 0) throw new ShardError(file, `the section "${name}" has ${section.length} bytes, not a multiple of ${size}. Write the shards anew.`);
  return section;
}

/** Bytes of a token of a type. */
export const tokenSize = (dtype: ShardHeader["dtype"]): 2 | 4 => (dtype === "u16" ? 2 : 4);

/** That the sizes of all sections fit the counts of the footer. @throws ShardError naming what does not */
export function checkSizes({ header, footer }: Pick<Frame, "header" | "footer">, file: string): void {
  const size = tokenSize(header.dtype);
  const tokens = sectionOf(footer, "tokens", size, file);
  const ends = sectionOf(footer, "doc_ends", 4, file);
  if (tokens?.length !== footer.tokens * size || ends?.length !== footer.documents * 4) throw new ShardError(file, "its sections don't have the numbers of tokens and documents that its footer says. Write the shards anew.");
  if (header.loss_mask && sectionOf(footer, "loss_mask", 1, file)?.length !== Math.ceil(footer.tokens / 8)) throw new ShardError(file, "its loss mask does not fit its tokens. Write the shards anew.");
  if (footer.source_files && !sectionOf(footer, "source_rows", 12, file)) throw new ShardError(file, "it says in no section which rows its documents are from. Write the shards anew.");
  if (!footer.files) return;
  for (const name of ["doc_bytes", "source_ends"] as const) if (sectionOf(footer, name, 4, file)?.length !== footer.documents * 4) throw new ShardError(file, `its section "${name}" does not fit its documents. Write the shards anew.`);
  if (!sectionOf(footer, "sources", 1, file)) throw new ShardError(file, "it says where documents are from in no section. Write the shards anew.");
}

/** That documents end where the next begin, and the last one with the tokens. @throws ShardError */
export function checkEnds(docEnds: Uint32Array, tokens: number, file: string): void {
  let previous = 0;
  for (const end of docEnds) {
    if (end < previous) throw new ShardError(file, "its documents end before they begin. Write the shards anew.");
    previous = end;
  }
  if (previous !== tokens) throw new ShardError(file, `its documents end at token ${previous} of ${tokens}. Write the shards anew.`);
}

/** That every id is in the vocabulary. @throws ShardError */
export function checkIds(tokens: Tokens, vocabSize: number, file: string): void {
  let maxId = 0;
  for (let i = 0; i < tokens.length; i++) if (tokens[i]! > maxId) maxId = tokens[i]!;
  if (maxId >= vocabSize) throw new ShardError(file, `it has token id ${maxId}, outside of the vocabulary of ${vocabSize}. Write the shards anew.`);
}

/** The first damaged place of a shard by its own checksums, in words; undefined where they all hold. */
export function findDamage(bytes: Uint8Array, { hex }: Xxh64, file: string): string | undefined {
  let frame: Frame;
  try {
    frame = decodeFrame(readerOf(bytes), bytes.byteLength, file);
  } catch (error) {
    return reasonOf(error).replace(`${file}: `, "");
  }
  const { header } = frame.footer;
  if (hex(bytes.subarray(0, header.length)) !== header.xxh64) return "the header is damaged";
  for (const { name, offset, length, xxh64, blocks } of frame.footer.sections) {
    const payload = bytes.subarray(offset, offset + length);
    if (hex(payload) === xxh64) continue;
    const block = blocks.findIndex((expected, index) => hex(payload.subarray(index * BLOCK, (index + 1) * BLOCK)) !== expected);
    return `the section "${name}" is damaged${block < 0 ? "" : ` within bytes ${offset + block * BLOCK} to ${offset + Math.min(length, (block + 1) * BLOCK)}`}`;
  }
  return undefined;
}

/** Views of the parts of a shard whose sizes were checked; `payload` gives a section's bytes, which begin at a multiple of 4. */
export const tokensView = (dtype: ShardHeader["dtype"], bytes: Uint8Array): Tokens =>
  dtype === "u16" ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2) : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
export const u32View = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/**
 * A shard's parts as views of `bytes`, which must begin at a multiple of 64 in their buffer.
 * @throws ShardError naming `file`, when the parts don't fit each other
 */
export function decodeShard(bytes: Uint8Array, file: string): DecodedShard {
  const { header, footer } = decodeFrame(readerOf(bytes), bytes.byteLength, file);
  checkSizes({ header, footer }, file);
  const payload = (name: SectionName): Uint8Array => {
    const { offset, length } = sectionOf(footer, name, 1, file)!;
    return bytes.subarray(offset, offset + length);
  };
  const tokens = tokensView(header.dtype, payload("tokens"));
  const docEnds = u32View(payload("doc_ends"));
  checkEnds(docEnds, tokens.length, file);
  checkIds(tokens, header.tokenizer.vocab_size, file);
  return { header, footer, tokens, docEnds, ...(header.loss_mask ? { lossMask: payload("loss_mask") } : {}) };
}
