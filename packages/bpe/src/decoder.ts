import { tokenToBytes } from "./bytes.js";
import type { Json } from "./json/document.js";
import { fields, invalid, list, textOf, unsupported } from "./json/read.js";
import { byteToken } from "./model/text-model.js";
import { readPattern } from "./normalizer.js";
import { prependScheme } from "./pre-tokenizer.js";
import { matches } from "./span.js";

/** Decodes ids as they come. */
export interface DecodeStream {
  /** Takes one id and gives the text that is complete by now; never half a character. */
  push(id: number): string;
  /** Gives what is left: U+FFFD for a character that never became complete. */
  end(): string;
}

/** One step of a decoder: tokens to texts. */
export type DecodeStep = (tokens: string[]) => string[];

/** Whether the `decoder` of a tokenizer.json is ByteLevel, alone or in a list. */
export function isByteLevel(value: Json): boolean {
  const { type, decoders } = fields(value ?? {}, "decoder");
  return type === "ByteLevel" || (type === "Sequence" && Array.isArray(decoders) && decoders.length === 1 && isByteLevel(decoders[0]!));
}

/**
 * Reads the `decoder` of a tokenizer.json; undefined for the bytes of ByteLevel, which need no steps.
 * Source: huggingface/tokenizers, tokenizers/src/decoders.
 *
 * @throws BpeError for a kind that is not supported, by name.
 */
export function readDecoder(value: Json): DecodeStep | undefined {
  if (value === null) return (tokens) => [tokens.join(" ")];
  const settings = fields(value, "decoder");
  switch (settings.type) {
    case "ByteLevel":
      return undefined;
    case "Sequence": {
      const steps = list(settings.decoders, "decoder.decoders").map((step) => readDecoder(step) ?? ((tokens: string[]) => [bytesToText(tokens.map(tokenToBytes))]));
      if (steps.length === 1) return readDecoder(list(settings.decoders, "decoder.decoders")[0]!);
      return (tokens) => steps.reduce((current, step) => step(current), tokens);
    }
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "ByteFallback":
      return joinBytes;
    case "Replace": {
      const pattern = readPattern(settings.pattern ?? null, "decoder.pattern");
      const content = textOf(settings.content, "decoder.content");
      return (tokens) => tokens.map((token) => matches(token, pattern).map(([from, to, matched]) => (matched ? content : token.slice(from, to))).join(""));
    }
    case "Strip": {
      const content = textOf(settings.content, "decoder.content");
      const [start, stop] = [settings.start ?? 0, settings.stop ?? 0];
      if (typeof start !== "number" || typeof stop !== "number") throw invalid("decoder has a start or stop that is no number");
      return (tokens) => tokens.map((token) => strip(Array.from(token), content, start, stop));
    }
    case "Metaspace": {
      const replacement = textOf(settings.replacement, "decoder.replacement");
      const keepsFirst = prependScheme(settings) === "never";
      return (tokens) => tokens.map((token, index) => token.replaceAll(replacement, index === 0 && !keepsFirst ? "" : " "));
    }
    case "BPEDecoder": {
      const suffix = textOf(settings.suffix ?? "</w>", "decoder.suffix");
      return (tokens) => tokens.map((token, index) => (suffix === "" ? token : token.replaceAll(suffix, index === tokens.length - 1 ? "" : " ")));
    }
    default:
      throw unsupported("decoder", settings.type);
  }
}

const BYTE_TOKENS = /* @__PURE__ */ new Map(Array.from({ length: 256 }, (_, byte) => [byteToken(byte), byte]));

/** Runs of <0xNN> as the characters whose UTF-8 they are, or U+FFFD for each where they are none. */
function joinBytes(tokens: string[]): string[] {
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      result.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      result.push(...bytes.map(() => "\ufffd"));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = BYTE_TOKENS.get(/^<0x[0-9A-Fa-f]{2}>$/.test(token) ? `<0x${token.slice(3).toUpperCase()}` : "");
    if (byte !== undefined) bytes.push(byte);
    else {
      flush();
      result.push(token);
    }
  }
  flush();
  return result;
}

function strip(characters: string[], content: string, start: number, stop: number): string {
  let [from, to] = [0, characters.length];
  while (from < start && from < to && characters[from] === content) from++;
  while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
  return characters.slice(from, to).join("");
}

/** Turns ids into text: by the tokens' bytes, read as UTF-8 with U+FFFD for what is none, or by the steps of a file. */
export class Decoder {
  private readonly bytes: (Uint8Array | undefined)[] = [];

  /**
   * @param tokenOf The token of an id, undefined for an unknown one.
   * @param special Ids that are left out on demand.
   * @param step What turns tokens into text, where that is not their bytes.
   */
  constructor(
    private readonly tokenOf: (id: number) => string | undefined,
    private readonly special: ReadonlySet<number>,
    private readonly step: DecodeStep | undefined,
  ) {}

  /** The text of some ids; unknown ids are left out. */
  decode(ids: Iterable<number>, skipSpecialTokens: boolean): string {
    if (this.step) return this.step(Array.from(ids, (id) => this.kept(id, skipSpecialTokens)).filter((token) => token !== undefined)).join("");
    const parts: Uint8Array[] = [];
    for (const id of ids) {
      const part = this.bytesOf(id, skipSpecialTokens);
      if (part) parts.push(part);
    }
    return bytesToText(parts);
  }

  stream(skipSpecialTokens: boolean): DecodeStream {
    if (this.step) return this.stepStream(skipSpecialTokens);
    const decoder = utf8();
    return {
      push: (id) => {
        const bytes = this.bytesOf(id, skipSpecialTokens);
        return bytes ? decoder.decode(bytes, { stream: true }) : "";
      },
      end: () => decoder.decode(),
    };
  }

  /**
   * Decodes the last tokens anew with each one, and gives what has grown.
   * Source: huggingface/tokenizers, tokenizers/src/tokenizer/mod.rs (`step_decode_stream`).
   */
  private stepStream(skipSpecialTokens: boolean): DecodeStream {
    let ids: number[] = [];
    let known = "";
    let before = 0;
    const grown = (last: boolean): string => {
      const text = this.decode(ids, skipSpecialTokens);
      if (text.length <= known.length || (text.endsWith("\ufffd") && !last)) return "";
      const added = text.slice(known.length);
      const kept = ids.length - before;
      ids = ids.slice(before);
      before = kept;
      known = this.decode(ids, skipSpecialTokens);
      return added;
    };
    return {
      push: (id) => {
        ids.push(id);
        return grown(false);
      },
      end: () => grown(true),
    };
  }

  /** The bytes of a token, or undefined where it is left out. */
  bytesOf(id: number, skipSpecialTokens: boolean): Uint8Array | undefined {
    if (skipSpecialTokens && this.special.has(id)) return undefined;
    let bytes = this.bytes[id];
    if (!bytes) {
      const token = this.tokenOf(id);
      if (token === undefined) return undefined;
      bytes = this.bytes[id] = tokenToBytes(token);
    }
    return bytes;
  }

  private kept(id: number, skipSpecialTokens: boolean): string | undefined {
    return skipSpecialTokens && this.special.has(id) ? undefined : this.tokenOf(id);
  }
}

// A byte order mark is text like any other.
const utf8 = () => new TextDecoder("utf-8", { ignoreBOM: true });

function bytesToText(parts: readonly Uint8Array[]): string {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return utf8().decode(all);
}
