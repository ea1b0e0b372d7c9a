import { stat } from "node:fs/promises";
import type { Document } from "../document.js";
import { readLines } from "./lines.js";
import type { FileReadOptions } from "./types.js";

/** A file up to this many bytes is one document (but for form feeds). */
const WHOLE = 64 * 1024;
/** In larger files a document ends at the first blank line after this many characters… */
const TARGET = 4_000;
/** …or, where no blank line comes, at the first line end after this many. */
const AT_MOST = 16_000;

/**
 * The documents of a text file. A form feed (U+000C) always ends a document. A file of at most 64 kB is else one
 * document; a larger one is cut at paragraphs (blank lines) into documents of about 4,000 characters, and at a line end
 * after 16,000 where there are no paragraphs. Documents without anything but white space are left out.
 */
export async function* readText(path: string, name: string, { skip = 0, signal, onBytes }: FileReadOptions = {}): AsyncGenerator<Document> {
  const whole = (await stat(path)).size <= WHOLE;
  let index = 0;
  let lines: string[] = [];
  let length = 0;
  function* take(): Generator<Document> {
    const text = lines.join("\n").trim();
    lines = [];
    length = 0;
    if (text !== "" && index++ >= skip) yield { text, id: `${name}#${index - 1}` };
  }
  for await (const line of readLines(path, name, signal)) {
    onBytes?.(line.end);
    const [first = "", ...others] = line.text.split("\f");
    for (const [part, text] of [first, ...others].entries()) {
      if (part > 0) yield* take();
      lines.push(text);
      length += text.length + 1;
    }
    if (!whole && (length >= AT_MOST || (length >= TARGET && line.text.trim() === ""))) yield* take();
  }
  yield* take();
}
