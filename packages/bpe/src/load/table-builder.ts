import { MAX_IDS, type TokenTables } from "../json/read.js";
import { placesFor, probesFor } from "../train/pair-table.js";
import { PAGE } from "../wasm.js";
import { newKernel, type Kernel } from "./kernel.js";
import { TokenTable } from "./token-table.js";

const QUOTE = 0x22;
const utf8 = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A file's text, or its bytes: UTF-8, perhaps after a byte order mark. */
export type Source = string | Uint8Array;

/** Texts in the memory of a kernel, and the tables that it makes of them. Places are never 0: that says that something can't be read here. */
export class TableBuilder {
  private bytes: Uint8Array;
  private top = 16;
  /** The bytes that texts have in all, which bounds every table. */
  private length = 0;
  private arena = 0;
  private arenaEnd = 0;
  private entries = 0;
  private starts = 0;
  private ends = 0;
  private slots = 0;
  private places = 0;
  private merges = 0;
  private made = 0;

  private constructor(private readonly kernel: Kernel) {
    this.bytes = new Uint8Array(kernel.memory.buffer);
  }

  /** What `work` makes with a builder; undefined where there is no WebAssembly, or a text is too large or made to be slow. */
  static attempt<T>(work: (builder: TableBuilder) => T): T | undefined {
    const kernel = newKernel();
    if (!kernel) return undefined;
    try {
      return work(new TableBuilder(kernel));
    } catch (error) {
      // A memory that can't grow, or the kernel gave up.
      if (error instanceof RangeError || (error instanceof Error && error.name === "RuntimeError")) return undefined;
      throw error;
    }
  }

  /** Puts a text into the memory. @returns where it starts, after a byte order mark, and ends */
  put(source: Source): [from: number, to: number] {
    const text = typeof source === "string";
    const from = this.allocate(source.length * (text ? 3 : 1) + 1);
    let to = from + source.length;
    if (text) to = from + utf8.encodeInto(source, this.bytes.subarray(from, this.top)).written;
    else this.bytes.set(source, from);
    this.top = to + 1;
    this.length += to - from;
    const { bytes } = this;
    return [!text && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf ? from + 3 : from, to];
  }

  /** The first place from `at` on where no blank of JSON stands. */
  blanks(at: number): number {
    const { bytes } = this;
    while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
    return at;
  }

  /** Where the JSON value that starts at `at` ends, or 0. */
  skip(at: number): number {
    return this.kernel.skip(at);
  }

  /** Calls `visit` with each key of the JSON object at `at` and the place of its value; it gives where that ends, or 0. @returns where the object ends, or 0 */
  members(at: number, visit: (key: string, at: number) => number): number {
    if (this.bytes[at] !== 0x7b) return 0;
    let place = this.blanks(at + 1);
    for (;;) {
      const end = this.bytes[place] === QUOTE ? this.bytes.indexOf(QUOTE, place + 1) : 0;
      const key = end > 0 ? this.text(place + 1, end) : "\\";
      // A key may be spelled with escapes.
      if (key.includes("\\")) return 0;
      place = this.blanks(end + 1);
      if (this.bytes[place] !== 0x3a) return 0;
      place = visit(key, this.blanks(place + 1));
      if (place === 0) return 0;
      place = this.blanks(place);
      if (this.bytes[place] !== 0x2c) return this.bytes[place] === 0x7d ? place + 1 : 0;
      place = this.blanks(place + 1);
    }
  }

  /** The text from one place to another, with U+FFFD for what is not UTF-8. */
  text(from: number, to: number): string {
    return decoder.decode(this.bytes.subarray(from, to));
  }

  /** Reads the vocabulary, an object of ids by token, and makes its tables. @returns where it ends, or 0 */
  vocab(at: number): number {
    const { kernel } = this;
    this.arena = this.allocate(this.length);
    // The shortest entry is "":1, as there is only one such.
    this.entries = this.allocate((this.length / 5 + 1) * 16);
    const end = kernel.vocab(at, this.arena, this.entries, MAX_IDS);
    if (end === 0) return 0;
    this.arenaEnd = kernel.to.value;
    const limit = kernel.limit.value;
    this.starts = this.allocate(limit * 4);
    this.ends = this.allocate(limit * 4);
    this.places = placesFor(kernel.count.value);
    this.slots = this.allocate(this.places * 8);
    return kernel.index(this.entries, this.starts, this.ends, this.slots, this.places - 1) === 1 ? end : 0;
  }

  /** Whether some U+FFFD in tokens may stand for a lone surrogate of a string. */
  get replaced(): boolean {
    return this.kernel.replaced.value > 0;
  }

  /** Where the merges of a text start: after a line #version, which may be missing. */
  afterVersion(from: number, to: number): number {
    if (this.text(from, Math.min(from + 8, to)) !== "#version") return from;
    const end = this.bytes.indexOf(0x0a, from);
    return end < 0 || end > to ? to : end + 1;
  }

  /** Reads merges, "left right" per line. @returns whether that could be done */
  lines(from: number, to: number): boolean {
    return this.kernel.lines(from, to, this.beginMerges(to - from)) === 1;
  }

  /** Reads a JSON list of merges. @returns where it ends, or 0 */
  list(at: number): number {
    return this.kernel.list(at, this.beginMerges(this.length));
  }

  /** What was read, copied out of the memory. */
  tables(): TokenTables {
    const { kernel, arena, starts, ends, slots, merges, made } = this;
    const { count, limit } = kernel;
    const places = placesFor(count.value);
    const ranks = this.allocate(places * 4);
    // Merges that were chosen to be slow are refused by who makes the table then.
    const ranked = kernel.ranks(ranks, places - 1, probesFor(count.value)) === 1;
    const numbers = (from: number, length: number): Int32Array => new Int32Array(kernel.memory.buffer.slice(from, from + length * 4));
    const ids = new TokenTable({
      arena: this.bytes.slice(arena, this.arenaEnd),
      starts: numbers(starts, limit.value),
      ends: numbers(ends, limit.value),
      slots: numbers(slots, this.places * 2),
    });
    return new LoadedTables(ids, numbers(merges, count.value * 2), numbers(made, count.value), ranked ? numbers(ranks, places) : undefined);
  }

  /** Makes room for the merges in some bytes of text. @returns where there is room for the longest */
  private beginMerges(bytes: number): number {
    // The shortest merge is "a b" with what ends its line.
    const most = Math.min((bytes >> 2) + 1, MAX_IDS);
    this.merges = this.allocate(most * 8);
    this.made = this.allocate(most * 4);
    this.kernel.begin(this.merges, this.made, most);
    return this.allocate(bytes);
  }

  /** A place with room for some bytes, which are 0. */
  private allocate(bytes: number): number {
    const place = (this.top + 15) & ~15;
    this.top = place + Math.ceil(bytes);
    const missing = this.top + PAGE - this.bytes.length;
    if (missing > 0) {
      this.kernel.memory.grow(Math.ceil(missing / PAGE));
      this.bytes = new Uint8Array(this.kernel.memory.buffer);
    }
    return place;
  }
}

/** The tables of a file; the list of its tokens is made when someone asks for it. */
class LoadedTables implements TokenTables {
  private list: (string | undefined)[] | undefined;

  constructor(
    readonly ids: TokenTable,
    readonly merges: Int32Array,
    readonly made: Int32Array,
    readonly slots: Int32Array | undefined,
  ) {}

  get tokens(): readonly (string | undefined)[] {
    return (this.list ??= Array.from({ length: this.ids.limit }, (_, id) => this.ids.tokenOf(id)));
  }
}
