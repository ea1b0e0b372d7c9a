import { Unpackr } from "msgpackr";
import { ShardError, reasonOf } from "../errors.js";
import type { Xxh64 } from "../util/hash.js";
import { ALIGNMENT, BLOCK, FORMAT_MAJOR, type ShardFooter, type ShardHeader, type ShardSection, TRAILER, TRAILER_MAGIC, type Tokens } from "./types.js";

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

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

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

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
function footerOffset(bytes: Uint8Array, file: string): number {
  const at = bytes.byteLength - TRAILER;
  if (at < 0) throw new ShardError(file, `${bytes.byteLength} bytes are too few for a shard; it was cut off. Write the shards anew.`);
  const trailer = bytes.subarray(at);
  if (trailer[0] !== 0xc4 || trailer[1] !== 16 || TRAILER_MAGIC.some((byte, index) => trailer[10 + index] !== byte)) throw new ShardError(file, "its end is not that of a shard: it was cut off, or is another kind of file. Write the shards anew.");
  const offset = Number(new DataView(bytes.buffer, bytes.byteOffset + at + 2, 8).getBigUint64(0, true));
  if (!(offset < at) || at - offset > MAX_FOOTER) throw new ShardError(file, `its trailer points to byte ${offset} for the footer, which can't be. Write the shards anew.`);
  return offset;
}

function checkedSection(value: unknown, bytes: Uint8Array, limit: number, file: string): ShardSection {
  const section = (value ?? {}) as ShardSection;
  const { name, offset, length } = section;
  const fits = typeof name === "string" && isCount(offset) && isCount(length) && offset >= 5 && offset % ALIGNMENT === 0 && offset + length <= limit && Array.isArray(section.blocks) && section.blocks.length === Math.ceil(length / BLOCK);
  const head = fits ? new DataView(bytes.buffer, bytes.byteOffset + offset - 5, 5) : undefined;
  if (!head || head.getUint8(0) !== 0xc6 || head.getUint32(1, false) !== length) throw new ShardError(file, `its footer places the section ${JSON.stringify(name)} at bytes ${offset} to ${offset + length}, where there is none. Write the shards anew.`);
  return section;
}

/** Header and footer of a shard's bytes, with every number checked against the file. @throws ShardError */
export function decodeFrame(bytes: Uint8Array, file: string): { header: ShardHeader; footer: ShardFooter } {
  const end = footerOffset(bytes, file);
  const footer = readMap(bytes.subarray(end, bytes.byteLength - TRAILER), "footer", file) as unknown as ShardFooter;
  const length = footer.header?.length;
  if (!isCount(length) || length > MAX_HEADER || length > end) throw new ShardError(file, "its footer does not say how long the header is. Write the shards anew.");
  const header = readMap(bytes.subarray(0, length), "header", file) as unknown as ShardHeader;
  if (header.magic !== "LLMS") throw new ShardError(file, "it does not begin with a shard's header; it is another kind of file.");
  if (header.version?.major !== FORMAT_MAJOR) throw new ShardError(file, `it has format version ${header.version?.major}.${header.version?.minor}; this program reads ${FORMAT_MAJOR}.x. Use a newer program, or write the shards anew.`);
  if (header.endian !== "le" || (header.dtype !== "u16" && header.dtype !== "u32")) throw new ShardError(file, `it has tokens of type ${header.dtype} (${header.endian}); this program reads u16 and u32 (le).`);
  if (!isCount(header.tokenizer?.vocab_size)) throw new ShardError(file, "its header does not say which tokenizer it was made with. Write the shards anew.");
  if (![footer.documents, footer.tokens, footer.loss_tokens, footer.text_bytes, footer.max_id].every(isCount) || !Array.isArray(footer.sections)) throw new ShardError(file, "its footer lacks counts. Write the shards anew.");
  footer.sections = footer.sections.map((section) => checkedSection(section, bytes, end, file));
  return { header, footer };
}

/** The first damaged place of a shard by its own checksums, in words; undefined where they all hold. */
export function findDamage(bytes: Uint8Array, { hex }: Xxh64, file: string): string | undefined {
  let frame: ReturnType<typeof decodeFrame>;
  try {
    frame = decodeFrame(bytes, file);
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

/**
 * A shard's parts as views of `bytes`, which must begin at a multiple of 64 in their buffer.
 * @throws ShardError naming `file`, when the parts don't fit each other
 */
export function decodeShard(bytes: Uint8Array, file: string): DecodedShard {
  const { header, footer } = decodeFrame(bytes, file);
  const view = (name: ShardSection["name"], size: number): { at: number; length: number } | undefined => {
    const section = footer.sections.find((candidate) => candidate.name === name);
    if (!section) return undefined;
    if (section.length % size !== 0) throw new ShardError(file, `the section "${name}" has ${section.length} bytes, not a multiple of ${size}. Write the shards anew.`);
    return { at: bytes.byteOffset + section.offset, length: section.length / size };
  };
  const tokens = view("tokens", header.dtype === "u16" ? 2 : 4);
  const ends = view("doc_ends", 4);
  if (!tokens || !ends || tokens.length !== footer.tokens || ends.length !== footer.documents) throw new ShardError(file, "its sections don't have the numbers of tokens and documents that its footer says. Write the shards anew.");
  const buffer = bytes.buffer;
  const ids: Tokens = header.dtype === "u16" ? new Uint16Array(buffer, tokens.at, tokens.length) : new Uint32Array(buffer, tokens.at, tokens.length);
  const docEnds = new Uint32Array(buffer, ends.at, ends.length);
  let previous = 0;
  for (const end of docEnds) {
    if (end < previous) throw new ShardError(file, "its documents end before they begin. Write the shards anew.");
    previous = end;
  }
  if (previous !== tokens.length) throw new ShardError(file, `its documents end at token ${previous} of ${tokens.length}. Write the shards anew.`);
  let maxId = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i]! > maxId) maxId = ids[i]!;
  if (maxId >= header.tokenizer.vocab_size) throw new ShardError(file, `it has token id ${maxId}, outside of the vocabulary of ${header.tokenizer.vocab_size}. Write the shards anew.`);
  const decoded: DecodedShard = { header, footer, tokens: ids, docEnds };
  if (header.loss_mask) {
    const mask = view("loss_mask", 1);
    if (mask?.length !== Math.ceil(tokens.length / 8)) throw new ShardError(file, "its loss mask does not fit its tokens. Write the shards anew.");
    decoded.lossMask = new Uint8Array(buffer, mask.at, mask.length);
  }
  return decoded;
}
