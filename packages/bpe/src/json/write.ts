import type { TokenizerDocument } from "./document.js";

/**
 * Writes a tokenizer.json as Hugging Face tokenizers does, byte for byte.
 *
 * The vocabulary is written by hand, in the order of ids: an object would put keys such as "12" first.
 *
 * @param tokens Tokens by id; undefined where an id is not in use.
 * @param merges Left id, right id … by rank.
 * @param pretty Two-space indentation as of `save(path)`; else compact as of `save(path, pretty=False)`.
 */
export function writeTokenizerJson(document: TokenizerDocument, tokens: readonly (string | undefined)[], merges: Int32Array, pretty: boolean): string {
  const [colon, line, indent] = pretty ? [": ", "\n", "  "] : [":", "", ""];
  const block = (items: readonly string[], depth: number, open: string, close: string): string =>
    items.length === 0
      ? open + close
      : `${open}${line}${items.map((item) => indent.repeat(depth + 1) + item).join(`,${line}`)}${line}${indent.repeat(depth)}${close}`;
  const value = (json: unknown, depth: number): string =>
    pretty ? JSON.stringify(json, null, 2).replaceAll("\n", `\n${indent.repeat(depth)}`) : JSON.stringify(json);
  const quoted = tokens.map((token) => (token === undefined ? "" : JSON.stringify(token)));
  const vocab = quoted.flatMap((token, id) => (token === "" ? [] : [`${token}${colon}${id}`]));
  const pairs = Array.from({ length: merges.length / 2 }, (_, rank) => block([quoted[merges[rank * 2]!]!, quoted[merges[rank * 2 + 1]!]!], 3, "[", "]"));
  const { model, ...rest } = document;
  // The only setting that is no whole number in Rust, which writes 0 as 0.0.
  const plain = (key: string, setting: unknown): string => (key === "dropout" && Number.isInteger(setting) ? `${setting as number}.0` : value(setting, 2));
  const settings = Object.entries({ type: "BPE", ...model }).map(([key, setting]) => `"${key}"${colon}${plain(key, setting)}`);
  const body = [...settings, `"vocab"${colon}${block(vocab, 2, "{", "}")}`, `"merges"${colon}${block(pairs, 2, "[", "]")}`];
  const top = Object.entries(rest).map(([key, part]) => `"${key}"${colon}${value(part, 1)}`);
  return block([...top, `"model"${colon}${block(body, 1, "{", "}")}`], 0, "{", "}");
}
