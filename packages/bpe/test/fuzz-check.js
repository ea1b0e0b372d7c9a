// Compares one case of tools/goldens/bpe_encode_fuzz.py with what the package answers; plain JavaScript, because the fuzz runs
// it outside the tests too.
import { createHash } from "node:crypto";

/** Where a string's code points start, in UTF-16 units and in UTF-8 bytes. */
function places(text) {
  const [units, bytes] = [[0], [0]];
  for (const character of text) {
    units.push(units[units.length - 1] + character.length);
    bytes.push(bytes[bytes.length - 1] + Buffer.byteLength(character));
  }
  return { utf16: units, byte: bytes };
}

const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);

const plain = (encoding) => ({
  ...Object.fromEntries(["ids", "tokens", "offsets", "typeIds", "wordIds", "specialTokensMask", "attentionMask"].map((name) => [name, Array.from(encoding[name])])),
  overflowing: encoding.overflowing.map(plain),
});

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Yields every difference of a case as { what, probe, got, expected }. */
export function* checkCase(bpe, shared, value) {
  yield* value.tiktoken ? checkTiktoken(bpe, shared, value) : checkFile(bpe, shared, value);
}

function* checkFile(bpe, shared, value) {
  let tokenizer;
  try {
    tokenizer = bpe.Tokenizer.fromJSON({ ...value.file, model: { ...shared.models[value.model], ...value.settings } });
  } catch (error) {
    yield { what: "load", got: String(error) };
    return;
  }
  const saved = hash(tokenizer.toJSON(false));
  if (value.saved && saved !== value.saved) yield { what: "save", got: saved, expected: value.saved };
  for (const probe of value.probes) {
    const { text, pair, adds, expected } = probe;
    let got;
    try {
      const options = { addSpecialTokens: adds, ...(pair === null ? {} : { pair }) };
      got = plain(tokenizer.encodeAsSaved(text, { ...options, offsets: "codePoint" }));
      if (probe.error !== undefined) continue;
      if (!same(got, expected)) {
        yield { what: "encode", probe, got, expected };
        continue;
      }
      if (pair === null) {
        const table = places(text);
        for (const offsets of ["utf16", "byte"]) {
          got = Array.from(tokenizer.encodeAsSaved(text, { ...options, offsets }).offsets);
          const wanted = expected.offsets.map((place) => table[offsets][place]);
          if (!same(got, wanted)) yield { what: `offsets ${offsets}`, probe, got, expected: wanted };
        }
      }
      if (probe.asText) {
        got = tokenizer.encodeIds(text);
        if (!same(got, probe.asText)) yield { what: "as text", probe, got, expected: probe.asText };
        const pieces = [text.slice(0, 3), text.slice(3, 4), text.slice(4)];
        got = [...tokenizer.encodeStream(pieces)].flatMap((ids) => Array.from(ids));
        if (!same(got, probe.asText)) yield { what: "stream", probe, got, expected: probe.asText };
        got = tokenizer.count(text);
        if (got !== probe.asText.length) yield { what: "count", probe, got, expected: probe.asText.length };
        got = Array.from(tokenizer.truncate(text, 5).ids);
        if (!same(got, probe.asText.slice(0, 5))) yield { what: "truncate", probe, got, expected: probe.asText.slice(0, 5) };
      }
      if (probe.decode) {
        const { ids, skip, all, stream } = probe.decode;
        got = [tokenizer.decode(ids), tokenizer.decode(ids, { skipSpecialTokens: false })];
        if (!same(got, [skip, all])) yield { what: "decode", probe, got, expected: [skip, all] };
        yield* checkStream(tokenizer, value, probe, stream);
      }
    } catch (error) {
      if (probe.error === undefined) yield { what: "throws", probe, got: String(error?.stack ?? error), expected };
    }
  }
}

/** Decoding token by token: by the bytes of ByteLevel the pieces make the whole text; by steps each piece is the oracle's. */
function* checkStream(tokenizer, value, probe, expected) {
  const { ids, skip } = probe.decode;
  const stream = tokenizer.decodeStream();
  const got = ids.map((id) => stream.push(id));
  const { decoder } = value.file;
  const byBytes = decoder?.type === "ByteLevel" || (decoder?.type === "Sequence" && decoder.decoders.length === 1 && decoder.decoders[0].type === "ByteLevel");
  if (byBytes) {
    const whole = got.join("") + stream.end();
    if (whole !== skip) yield { what: "decode stream", probe, got: whole, expected: skip };
  } else if (expected && !same(got, expected)) yield { what: "decode stream", probe, got, expected };
}

function* checkTiktoken(bpe, shared, value) {
  const tokenizer = bpe.fromTiktoken(shared.ranks, { pattern: value.tiktoken, specialTokens: value.special });
  const again = bpe.fromTiktoken(bpe.toTiktoken(tokenizer), { pattern: value.tiktoken, specialTokens: value.special });
  for (const probe of value.probes) {
    for (const each of [tokenizer, again]) {
      let got = each.encodeIds(probe.text, { special: "parse" });
      if (!same(got, probe.parse)) yield { what: "tiktoken", probe, got, expected: probe.parse };
      got = each.encodeIds(probe.text);
      if (!same(got, probe.ordinary)) yield { what: "tiktoken as text", probe, got, expected: probe.ordinary };
    }
  }
}
