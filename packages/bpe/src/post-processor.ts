import { fields, invalid, unsupported } from "./json/read.js";
import type { Json } from "./json/document.js";

/** What a post-processor adds around a single sequence. */
export interface Frame {
  before: readonly number[];
  after: readonly number[];
}

const NOTHING: Frame = { before: [], after: [] };

/**
 * Reads the `post_processor` of a tokenizer.json: what it puts before and after one sequence.
 * Source: huggingface/tokenizers, tokenizers/src/processors.
 *
 * @throws BpeError for a kind that is not supported, by name.
 */
export function readPostProcessor(processor: Json): Frame {
  if (processor === null) return NOTHING;
  const { type, ...settings } = fields(processor, "post_processor");
  if (type === "ByteLevel") return NOTHING; // moves offsets only
  if (type === "RobertaProcessing" || type === "BertProcessing") {
    return { before: [idOf(settings.cls ?? null)], after: [idOf(settings.sep ?? null)] };
  }
  if (type === "TemplateProcessing") return readTemplate(settings);
  if (type === "Sequence" && Array.isArray(settings.processors)) {
    return settings.processors.map(readPostProcessor).reduce((inner, outer) => ({
      before: [...outer.before, ...inner.before],
      after: [...inner.after, ...outer.after],
    }), NOTHING);
  }
  throw unsupported("post_processor", type);
}

function idOf(pair: Json): number {
  const id = Array.isArray(pair) ? pair[1] : undefined;
  if (!Number.isInteger(id)) throw invalid("post_processor needs cls and sep as [token, id]");
  return id as number;
}

function readTemplate(settings: { [key: string]: Json }): Frame {
  const frame = { before: [] as number[], after: [] as number[] };
  const special = fields(settings.special_tokens ?? null, "post_processor.special_tokens");
  let seen = false;
  for (const item of Array.isArray(settings.single) ? settings.single : []) {
    const part = fields(item, "post_processor.single");
    if (part.Sequence !== undefined) {
      if (seen) throw unsupported("a post_processor template that repeats its sequence", settings.single);
      seen = true;
      continue;
    }
    const name = fields(part.SpecialToken ?? null, "post_processor.single").id;
    const { ids } = fields(typeof name === "string" ? (special[name] ?? null) : null, `post_processor.special_tokens ${JSON.stringify(name ?? null)}`);
    if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id))) throw invalid("post_processor.special_tokens has an entry without ids");
    (seen ? frame.after : frame.before).push(...(ids as number[]));
  }
  if (!seen) throw invalid("post_processor.single has no sequence");
  return frame;
}
