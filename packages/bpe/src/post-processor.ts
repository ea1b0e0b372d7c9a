import { BpeError } from "./errors.js";
import type { Json } from "./json/document.js";
import { fields, invalid, list, unsupported } from "./json/read.js";
import { Row } from "./row.js";
import { CLASS, CLASSES, SPACE } from "./unicode/classes.js";

/** What is done with the rows of one text, or of two, before they become one row. */
export interface PostProcessor {
  /** How many tokens are added to one text, and to a pair. */
  added: readonly [single: number, pair: number];
  /** How often it repeats a text at most; default once. */
  copies?: number;
  /** @param adds Whether special tokens are added. */
  process(rows: Row[], adds: boolean): Row[];
}

/**
 * Reads the `post_processor` of a tokenizer.json. Source: huggingface/tokenizers, tokenizers/src/processors.
 *
 * @throws BpeError for a kind that is not supported, by name.
 */
export function readPostProcessor(value: Json): PostProcessor | undefined {
  if (value === null) return undefined;
  const settings = fields(value, "post_processor");
  const trims = settings.trim_offsets !== false;
  const prefix = settings.add_prefix_space !== false;
  const trim = (rows: Row[]): void => {
    if (trims) for (const row of rows) for (const each of [row, ...row.overflow]) trimOffsets(each, prefix);
  };
  switch (settings.type) {
    case "ByteLevel":
      return {
        added: [0, 0],
        process(rows) {
          trim(rows);
          return rows;
        },
      };
    case "RobertaProcessing":
    case "BertProcessing": {
      const roberta = settings.type === "RobertaProcessing";
      const cls = tokenAndId(settings.cls ?? null);
      const sep = tokenAndId(settings.sep ?? null);
      return {
        added: [2, roberta ? 4 : 3],
        process(rows, adds) {
          if (roberta) {
            trim(rows);
            for (const row of rows) row.typeIds.fill(0);
          }
          if (!adds) return rows;
          return rows.map((row, index) => {
            const frame = (part: Row, isOverflow: boolean): Row => {
              if (roberta || (isOverflow && index === 0)) part.typeIds.fill(0);
              const start = index === 0 ? [cls] : roberta ? [sep] : [];
              return framed(part, start, [sep], index > 0 && !roberta ? 1 : 0);
            };
            const whole = frame(row, false);
            whole.overflow = row.overflow.map((part) => frame(part, true));
            return whole;
          });
        },
      };
    }
    case "TemplateProcessing":
      return readTemplate(settings);
    case "Sequence": {
      const steps = list(settings.processors, "post_processor.processors").flatMap((step) => readPostProcessor(step) ?? []);
      const copies = steps.reduce((product, step) => product * Math.max(1, step.copies ?? 1), 1);
      if (copies > MAX_COPIES) throw invalid(`post_processor repeats a text ${copies} times; at most ${MAX_COPIES} are made`);
      const sum = (index: 0 | 1): number => steps.reduce((total, step) => total + step.added[index], 0);
      return { added: [sum(0), sum(1)], copies, process: (rows, adds) => steps.reduce((current, step) => step.process(current, adds), rows) };
    }
    default:
      throw unsupported("post_processor", settings.type);
  }
}

/** How often a template, or several of them in a row, may repeat a text. */
const MAX_COPIES = 64;

type SpecialToken = readonly [token: string, id: number];

/** `[token, id]` of a processor's cls or sep. */
function tokenAndId(pair: Json): SpecialToken {
  const [token, id] = Array.isArray(pair) ? pair : [];
  if (typeof token !== "string" || !Number.isInteger(id)) throw invalid("post_processor needs cls and sep as [token, id]");
  return [token, id as number];
}

function framed(row: Row, before: readonly SpecialToken[], after: readonly SpecialToken[], typeId: number): Row {
  const result = specials(before, typeId);
  result.append(row.slice(0));
  result.append(specials(after, typeId));
  return result;
}

function specials(tokens: readonly SpecialToken[], typeId: number): Row {
  const row = new Row();
  for (const [token, id] of tokens) row.push(id, token, -1, 0, 0, typeId, -1, 1);
  return row;
}

/** A place of a template: one of the texts, or special tokens. */
type Place = { sequence: 0 | 1; typeId: number } | { tokens: SpecialToken[]; typeId: number };

function readTemplate(settings: { [key: string]: Json }): PostProcessor {
  const special = fields(settings.special_tokens ?? {}, "post_processor.special_tokens");
  const read = (value: Json | undefined, place: string): Place[] =>
    list(value, place).map((item): Place => {
      const part = fields(item, place);
      const inner = fields(part.Sequence ?? part.SpecialToken ?? null, place);
      const typeId = Number.isInteger(inner.type_id) ? (inner.type_id as number) : 0;
      if (part.Sequence !== undefined) {
        if (inner.id !== "A" && inner.id !== "B") throw invalid(`${place} names a sequence that is neither A nor B`);
        return { sequence: inner.id === "A" ? 0 : 1, typeId };
      }
      const name = typeof inner.id === "string" ? inner.id : "";
      const { ids, tokens } = fields(special[name] ?? null, `post_processor.special_tokens ${JSON.stringify(name)}`);
      if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id))) throw invalid("post_processor.special_tokens has an entry without ids");
      const shownAs = (index: number): string => {
        const token = Array.isArray(tokens) ? tokens[index] : undefined;
        return typeof token === "string" ? token : name;
      };
      return { tokens: ids.map((id, index) => [shownAs(index), id as number] as const), typeId };
    });
  const templates = [read(settings.single, "post_processor.single"), settings.pair === undefined ? [] : read(settings.pair, "post_processor.pair")] as const;
  const sequences = (template: readonly Place[]): number => template.filter((place) => "sequence" in place).length;
  if (sequences(templates[0]) === 0) throw invalid("post_processor.single has no sequence");
  if (templates[0].some((place) => "sequence" in place && place.sequence === 1)) throw invalid("post_processor.single names the sequence B");
  const copies = Math.max(...templates.map(sequences));
  if (copies > MAX_COPIES) throw invalid(`post_processor repeats a text ${copies} times; at most ${MAX_COPIES} are made`);
  const count = (template: readonly Place[]): number => template.reduce((sum, place) => sum + ("tokens" in place ? place.tokens.length : 0), 0);
  return {
    added: [count(templates[0]), count(templates[1])],
    copies,
    process(rows, adds) {
      const template = templates[rows.length - 1]!;
      if (sequences(template) === 0) throw new BpeError("This tokenizer's post-processor has no template for a pair of texts.");
      return template.flatMap((place) => {
        if ("tokens" in place) return adds ? [specials(place.tokens, place.typeId)] : [];
        const row = rows[place.sequence]!;
        row.typeIds.fill(place.typeId);
        const copy = row.slice(0);
        copy.overflow = row.overflow;
        return [copy];
      });
    },
  };
}

/** Leaves whitespace at the ends of tokens out of their offsets; the first token keeps one blank that was put before it. */
function trimOffsets(row: Row, addPrefixSpace: boolean): void {
  row.tokens.forEach((token, index) => {
    const isSpace = (at: number): boolean => token[at] === "Ġ" || (CLASSES[token.charCodeAt(at)]! & CLASS) === SPACE;
    let leading = 0;
    let trailing = 0;
    while (leading < token.length && isSpace(leading)) leading++;
    while (trailing < token.length && isSpace(token.length - 1 - trailing)) trailing++;
    if (leading > 0) {
      if ((index === 0 || row.from[index] === 0) && addPrefixSpace && leading === 1) leading = 0;
      row.from[index] = Math.min(row.from[index]! + leading, row.to[index]!);
    }
    if (trailing > 0 && row.to[index]! >= trailing) row.to[index] = Math.max(row.to[index]! - trailing, row.from[index]!);
  });
}
