/** One turn of a chat. */
export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

/**
 * A piece of text with FineWeb's columns. A chat has `messages`; its `text` is their contents joined by "\n".
 * Columns that the source does not have are absent.
 */
export interface Document {
  text: string;
  /** Unique within its source; "FILE#ROW" where the source has none. */
  id: string;
  dump?: string;
  url?: string;
  date?: string;
  file_path?: string;
  /** ISO 639-1 code, e.g. "en". */
  language?: string;
  /** The language classifier's confidence, from 0 to 1. */
  language_score?: number;
  /** Tokens as counted by whoever made the source (FineWeb: GPT-2 tokens). */
  token_count?: number;
  /**
   * The file that the text was first read from: its path as it was given, or its hf:// or http(s) address. Every step passes it on
   * (FineWeb's `file_path` is another one: the crawl's archive).
   */
  source_file?: string;
  /** Its row in `source_file`, from 0. */
  source_row?: number;
  messages?: Message[];
}

/** FineWeb's columns that hold text, beside `text` and `id`. */
export const STRING_COLUMNS = ["dump", "url", "date", "file_path", "language"] as const;
/** FineWeb's columns that hold numbers. */
export const NUMBER_COLUMNS = ["language_score", "token_count"] as const;
/** All columns of FineWeb, in its order. */
export const FINEWEB_COLUMNS = ["text", "id", ...STRING_COLUMNS, ...NUMBER_COLUMNS] as const;

/** The columns that say where a document was first read from. */
export const SOURCE_COLUMNS = ["source_file", "source_row"] as const;

/** The text of a chat: its contents joined by "\n". */
export const chatText = (messages: readonly Message[]): string => messages.map((message) => message.content).join("\n");
