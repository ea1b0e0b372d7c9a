import type { Document } from "../document.js";
import type { RandomAccess } from "./access.js";
import { type Line, readLines } from "./lines.js";
import type { Compression, Damage, FileReadOptions, LineRange } from "./types.js";

/** A file up to this many bytes is one document (but for form feeds). */
const WHOLE = 64 * 1024;
/** In larger files a document ends at the first blank line after this many characters… */
const TARGET = 4_000;
/** …or, where no blank line comes, at the first line end after this many. */
const AT_MOST = 16_000;

/** What {@link readText} takes besides. */
interface TextOptions {
  compression?: Compression | undefined;
  /** Called where a document of a larger file ended with its line: reading can begin anew there. */
  onPlace?: ((place: Omit<LineRange, "end">) => void) | undefined;
}

/**
 * The documents of a text file. A form feed (U+000C) always ends a document. A file of at most 64 kB is else one
 * document; a larger one is cut at paragraphs (blank lines) into documents of about 4,000 characters, and at a line end
 * after 16,000 where there are no paragraphs. Documents without anything but white space are left out.
 */
export async function* readText(access: RandomAccess, name: string, { address = name, skip = 0, lines: range, signal, onBytes, onDamage, onPlace, compression }: FileReadOptions & TextOptions = {}): AsyncGenerator<Document> {
  let index = range?.row ?? 0;
  let lines: string[] = [];
  let length = 0;
  function* take(): Generator<Document> {
    const text = lines.join("\n").trim();
    lines = [];
    length = 0;
    if (text !== "" && index++ >= skip) yield { text, id: `${name}#${index - 1}`, source_file: address, source_row: index - 1 };
  }
  function* add(line: Line, whole: boolean): Generator<Document> {
    onBytes?.(line.end);
    const [first = "", ...others] = line.text.split("\f");
    for (const [part, text] of [first, ...others].entries()) {
      if (part > 0) yield* take();
      lines.push(text);
      length += text.length + 1;
    }
    if (!whole && (length >= AT_MOST || (length >= TARGET && line.text.trim() === ""))) {
      yield* take();
      onPlace?.({ start: line.end, line: line.number, row: index });
    }
  }
  // A line is no document: how many are lost with it is not known.
  const lineDamage = onDamage && (({ documents: _, ...damage }: Damage): void => onDamage(damage));
  // Whether the file is small is known by its end, or by more than a small file's bytes: its size says nothing where it is compressed.
  // Only large files are cut.
  let held: Line[] | undefined = range && (range.start > 0 || range.end < access.size) ? undefined : [];
  let bytes = 0;
  for await (const line of readLines(access, { name, compression, lines: range, signal, onDamage: lineDamage })) {
    bytes += line.length;
    if (held && bytes <= WHOLE) {
      held.push(line);
      continue;
    }
    for (const early of held ?? []) yield* add(early, false);
    held = undefined;
    yield* add(line, false);
  }
  for (const line of held ?? []) yield* add(line, true);
  yield* take();
}
