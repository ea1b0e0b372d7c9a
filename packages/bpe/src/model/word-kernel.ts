import { BYTES_BEYOND } from "../text-chunks.js";
import { probesFor } from "../train/pair-table.js";
import { CLASS, CLASSES, MARK, NUMBER, SPACE } from "../unicode/classes.js";
import { PAGE, WasmModule, type WasmGlobal, type WasmMemory } from "../wasm.js";
import { AsciiRules, isLetter, QUOTE } from "./ascii-rules.js";
import type { WordParts } from "./bpe-model.js";
import { IdList } from "./id-list.js";
import type { MergeRanks } from "./merge-ranks.js";
import { WordLoop, type WordEncoder } from "./word-loop.js";
import { MODULE } from "./word-module.js";

/** What the module of wasm/words.wat and its parts exports; each is described there. */
interface Kernel {
  readonly memory: WasmMemory;
  readonly words: WasmGlobal;
  readonly longWords: WasmGlobal;
  readonly sets: WasmGlobal;
  readonly most: WasmGlobal;
  readonly shift: WasmGlobal<bigint>;
  readonly cased: WasmGlobal;
  readonly classes: WasmGlobal;
  readonly marks: WasmGlobal;
  readonly pairs: WasmGlobal;
  readonly mask: WasmGlobal;
  readonly made: WasmGlobal;
  readonly bytePairs: WasmGlobal;
  readonly byteOf: WasmGlobal;
  fill(from: number, count: number, rank: number, probes: number): number;
  run(start: number, to: number, out: number): number;
}

const encoding = new WasmModule<Kernel>(MODULE);

/** Bytes of text that go through the kernel at once. */
const ROOM = 1 << 18;
/** Bytes behind a text that the kernel clears, and tokens that it may write beyond one for each byte. */
const BEYOND = 16;
const SPARE = 16;
/** The table of words has 2 ** LEAST sets of 64 bytes, and grows: what was never written takes no memory and no time. */
const LEAST = 12;
const MOST = 17;
const SET = 64;
/** Bytes of the table of longer words. */
const LONG_WORDS = 128 << 15;
/** Entries of a bucket of the table of merges. */
const BUCKET = 4;
/** Ids and ranks must be below this, and the last id that is stands for none. */
const LIMIT = 1 << 21;

/** Where the tables stand in the memory, as wasm/words.wat says. */
const STOPS = 256;
const KINDS = 512;
const ALONE = 768;
const BYTE_IDS = 1792;
const MASKS = 2816;
const LONGEST = 15;
const ONES = 6144;
const FREE = 6336;

/** Code points whose classes the kernel knows. */
const BASIC = 0x10000;

/** One byte of each kind of ASCII that a pattern may tell from others. */
const SAMPLES = Uint8Array.from(["a", "A", "0", " ", "\t", "\n", "\r", "'", "/", "!"], (character) => character.charCodeAt(0));
const UNKNOWN = 31;

/** Encodes words in WebAssembly; texts that can't be cut into parts that have room there go through `WordLoop`. */
class WordKernel implements WordEncoder {
  private readonly bytes: Uint8Array;
  private readonly ids: Uint32Array;
  private readonly text: number;
  private readonly out: number;
  /** The tokens of a rare word. */
  private readonly list = new IdList();
  private loop: WordLoop | undefined;

  /** @throws RangeError where the memory can't grow, or the table of merges would be slow */
  constructor(
    private readonly kernel: Kernel,
    private readonly parts: WordParts,
  ) {
    const { scan, limit, byteIds, merges } = parts;
    let top = FREE;
    const allocate = (bytes: number): number => {
      const place = (top + SET - 1) & -SET;
      top = place + bytes;
      return place;
    };
    if (merges) {
      // The smaller of two sizes where that is at most four fifths full: it stays nearer to the processor.
      const places = merges.ids.length * 2.5 <= merges.places ? merges.places / 2 : merges.places;
      const buckets = Math.max(1, places / BUCKET);
      kernel.pairs.value = allocate(buckets * BUCKET * 8);
      kernel.mask.value = buckets - 1;
      kernel.made.value = allocate(merges.ids.length * 4);
      kernel.bytePairs.value = allocate(4 << 16);
      kernel.byteOf.value = allocate(limit);
    }
    kernel.words.value = allocate(SET << MOST);
    kernel.longWords.value = allocate(LONG_WORDS);
    kernel.classes.value = allocate(BASIC);
    this.text = allocate(ROOM + BEYOND);
    this.out = allocate((ROOM + SPARE) * 4);
    kernel.memory.grow(Math.ceil(top / PAGE));
    this.bytes = new Uint8Array(kernel.memory.buffer);
    this.ids = new Uint32Array(kernel.memory.buffer);
    kernel.sets.value = 1 << LEAST;
    kernel.most.value = 1 << MOST;
    kernel.shift.value = BigInt(64 - LEAST);
    new Int32Array(kernel.memory.buffer, BYTE_IDS, 256).set(byteIds);
    if (merges) this.fill(merges);
    this.ask(new AsciiRules(scan));
    this.bytes.fill(0xff, ONES, ONES + 64);
    for (let length = 1; length <= LONGEST + 1; length++) this.bytes.fill(0xff, MASKS + length * 16, MASKS + length * 16 + Math.min(length, LONGEST));
  }

  run(bytes: Uint8Array, from: number, to: number, out: IdList): void {
    for (let start = from; start < to; ) {
      const end = partEnd(bytes, start, to);
      if (end - start > ROOM) (this.loop ??= new WordLoop(this.parts.scan, this.parts.encodeWord)).run(copyOf(bytes, start, end), 0, end - start, out);
      else {
        const { text, ids } = this;
        this.bytes.set(bytes.subarray(start, end), text);
        const first = this.out / 4;
        const count = this.kernel.run(text, text + end - start, this.out) / 4 - first;
        out.reserve(count);
        out.ids.set(ids.subarray(first, first + count), out.length);
        out.length += count;
      }
      start = end;
    }
  }

  /** Where the word at a place of the memory ends. */
  scan(start: number, to: number): number {
    return this.parts.scan(this.bytes, start, to);
  }

  /** Leaves the tokens of a word at a place of the memory; returns how many they are. */
  slow(start: number, end: number, out: number): number {
    const list = this.list.cleared();
    this.parts.encodeWord(this.bytes, start, end, list);
    for (let token = 0, at = out / 4; token < list.length; token++, at++) this.ids[at] = list.ids[token]!;
    return list.length;
  }

  private fill({ ids, merges }: MergeRanks): void {
    const { kernel, out } = this;
    this.ids.set(ids, kernel.made.value / 4);
    this.parts.byteIds.forEach((id, byte) => {
      if (id >= 0) this.bytes[kernel.byteOf.value + id] = byte;
    });
    // As many pairs at a time as there is room for ids. In a bucket four places are looked at as one.
    for (let rank = 0, left = probesFor(ids.length); rank < ids.length; rank += ROOM / 2) {
      const some = merges.subarray(rank * 2, rank * 2 + ROOM);
      this.ids.set(some, out / 4);
      left = kernel.fill(out, some.length / 2, rank, left);
      if (left === 0) throw new RangeError("The merges were chosen so that the table is slow.");
    }
  }

  /** Tells the kernel what the pattern does with ASCII. */
  private ask(rules: AsciiRules): void {
    const { bytes, kernel } = this;
    kernel.cased.value = Number(rules.cased);
    bytes.set(rules.prefix);
    bytes.set(CLASSES.subarray(0, BASIC), kernel.classes.value);
    // Two bytes of U+0301
    kernel.marks.value = rules.end([0x61, 0xcc, 0x81, 0x20]) === 3 ? MARK : 0;
    const ends = [[], ...Array.from(SAMPLES, (byte) => [byte])];
    /** For each kind the kinds before which it is a word alone, whatever follows them. A quote may begin a contraction. */
    const alone = Array.from(SAMPLES, (byte) => {
      if (isLetter(byte) || byte === QUOTE) return 0;
      return SAMPLES.reduce((bits, next, kind) => (ends.every((rest) => rules.end([byte, next, ...rest]) === 1) ? bits | (1 << kind) : bits), 0);
    });
    const rows = new Int32Array(bytes.buffer, ALONE, 256);
    for (let byte = 0; byte < 256; byte++) {
      const kind = kindOf(byte);
      bytes[KINDS + byte] = kind;
      rows[byte] = alone[kind] ?? 0;
      bytes[STOPS + byte] = Number(byte >= 0x80 || (rules.cased && (byte === QUOTE || isLetter(byte))));
    }
  }
}

/** Which of the samples stands for a byte. */
function kindOf(byte: number): number {
  if (byte === 0 || byte >= 0x80) return UNKNOWN;
  const itself = SAMPLES.indexOf(byte);
  if (itself >= 0) return itself;
  if (isLetter(byte)) return byte & 0x20 ? 0 : 1;
  const kind = CLASSES[byte]! & CLASS;
  return kind === NUMBER ? 2 : kind === SPACE ? 4 : SAMPLES.length - 1;
}

/** Where a part of a text may end: before a blank that follows ASCII that is no whitespace, which no word crosses. */
function partEnd(bytes: Uint8Array, start: number, to: number): number {
  if (to - start <= ROOM) return to;
  const fits = (at: number): boolean => bytes[at] === 0x20 && bytes[at - 1]! < 0x80 && (CLASSES[bytes[at - 1]!]! & CLASS) !== SPACE;
  for (let at = start + ROOM; at > start; at--) if (fits(at)) return at;
  for (let at = start + ROOM; at < to; at++) if (fits(at)) return at;
  return to;
}

/** A part of some bytes that may be followed by others, by itself. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start + BYTES_BEYOND);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** The encoder of words in WebAssembly; undefined where there is none, or a file has more tokens than its tables hold. */
export function wordKernel(parts: WordParts): WordEncoder | undefined {
  if (parts.limit >= LIMIT || (parts.merges?.ids.length ?? 0) >= LIMIT) return undefined;
  let words: WordKernel | undefined = undefined as WordKernel | undefined;
  const kernel = encoding.instance({
    model: {
      scan: (start: number, to: number) => words!.scan(start, to),
      slow: (start: number, end: number, out: number) => words!.slow(start, end, out),
    },
  });
  if (!kernel) return undefined;
  try {
    return (words = new WordKernel(kernel, parts));
  } catch (error) {
    // The memory can't grow, or its tables would be slow.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
