import type { ChatMessage, ChatOptions } from "../chat.js";
import { problemWith } from "../options.js";
import { HttpError } from "./http.js";

/** A request to /v1/chat/completions, checked. */
export interface ChatRequest {
  messages: ChatMessage[];
  options: ChatOptions;
  stream: boolean;
  /** Whether a stream ends with a chunk that has the token counts. */
  includeUsage: boolean;
}

type Json = Record<string, unknown>;

const LIMITS = { messages: 2048, stops: 64, stopLength: 256, biases: 1024 };

const invalid = (param: string, message: string): HttpError => new HttpError(400, `${param}: ${message}`, { param, code: "invalid_value" });
const unsupported = (param: string, message: string): HttpError => new HttpError(400, `${param}: ${message}`, { param, code: "unsupported_parameter" });
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** Names on the wire (OpenAI's, and vLLM's or llama.cpp's for what OpenAI lacks), the later of two winning. */
const NUMBERS = [
  ["max_tokens", "maxTokens"],
  ["max_completion_tokens", "maxTokens"],
  ["temperature", "temperature"],
  ["top_k", "topK"],
  ["top_p", "topP"],
  ["min_p", "minP"],
  ["repeat_penalty", "repetitionPenalty"],
  ["repetition_penalty", "repetitionPenalty"],
  ["frequency_penalty", "frequencyPenalty"],
  ["presence_penalty", "presencePenalty"],
] as const;

/**
 * Checks a request in OpenAI's shape. `null` is the same as absent, and keys that are not known are ignored, as clients expect.
 *
 * @throws {HttpError} 400 naming the parameter.
 */
export function parseChatRequest(body: Json): ChatRequest {
  refuseUnsupported(body);
  const options: ChatOptions = {};
  for (const [theirs, ours] of NUMBERS) {
    let value = body[theirs];
    if (value === undefined || value === null) continue;
    if (theirs === "top_k" && value === -1) value = 0; // "off" in vLLM and llama.cpp
    const problem = problemWith(ours, value);
    if (problem !== undefined) throw invalid(theirs, problem.replace(ours, "it"));
    options[ours] = value as number;
  }
  options.seed = readSeed(body["seed"]);
  options.stop = readStop(body["stop"]);
  options.logitBias = readBias(body["logit_bias"]);
  options.overflow = readTruncation(body["truncation"]);
  const stream = body["stream"] ?? false;
  if (typeof stream !== "boolean") throw invalid("stream", `it must be true or false, it is ${JSON.stringify(stream)}`);
  const streamOptions = body["stream_options"];
  const includeUsage = isObject(streamOptions) && streamOptions["include_usage"] === true;
  return { messages: readMessages(body["messages"]), options, stream, includeUsage };
}

function refuseUnsupported(body: Json): void {
  if ((body["n"] ?? 1) !== 1) throw unsupported("n", "one reply for each request is all this server gives; send the request again for another");
  if (body["logprobs"] === true || (body["top_logprobs"] ?? 0) !== 0) throw unsupported("logprobs", "this server does not give token probabilities");
  for (const key of ["tools", "functions"]) {
    if (Array.isArray(body[key]) && body[key].length > 0) throw unsupported(key, "this model calls no tools");
  }
  const format = body["response_format"];
  if (isObject(format) && format["type"] !== "text") throw unsupported("response_format", `only {"type": "text"} can be had, not ${JSON.stringify(format["type"])}`);
}

function readSeed(value: unknown): number | undefined {
  if (value === undefined || value === null || value === -1) return undefined; // -1: drawn at random in llama.cpp
  if (!Number.isSafeInteger(value)) throw invalid("seed", `it must be a whole number, it is ${JSON.stringify(value)}`);
  // OpenAI allows negative ones; each keeps a seed of its own.
  return (value as number) < 0 ? Number.MAX_SAFE_INTEGER + 1 + (value as number) : (value as number);
}

function readStop(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const stops = Array.isArray(value) ? value : [value];
  if (stops.length > LIMITS.stops) throw invalid("stop", `at most ${LIMITS.stops} strings, not ${stops.length}`);
  if (!stops.every((stop): stop is string => typeof stop === "string" && stop.length <= LIMITS.stopLength)) throw invalid("stop", `it must be a string or an array of strings of up to ${LIMITS.stopLength} characters`);
  return stops;
}

function readBias(value: unknown): Map<number, number> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = isObject(value) ? Object.entries(value) : undefined;
  const fits = entries?.every(([id, bias]) => /^\d{1,9}$/.test(id) && typeof bias === "number" && bias >= -100 && bias <= 100);
  if (!fits || entries!.length > LIMITS.biases) throw invalid("logit_bias", `it must be an object of up to ${LIMITS.biases} token ids with numbers from -100 to 100`);
  return new Map(entries!.map(([id, bias]) => [Number(id), bias as number]));
}

/** As in OpenAI's Responses API: "auto" forgets the oldest messages of a conversation that is too long; the default refuses it. */
function readTruncation(value: unknown): "drop-oldest" | "error" {
  if (value === undefined || value === null || value === "disabled") return "error";
  if (value === "auto") return "drop-oldest";
  throw invalid("truncation", `it must be "auto" or "disabled", it is ${JSON.stringify(value)}`);
}

function readMessages(value: unknown): ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid("messages", "it must be an array of at least one message");
  if (value.length > LIMITS.messages) throw invalid("messages", `at most ${LIMITS.messages} messages, not ${value.length}`);
  return value.map((message: unknown, at) => {
    const where = `messages[${at}]`;
    if (!isObject(message)) throw invalid(where, "it must be an object with role and content");
    const role = message["role"] === "developer" ? "system" : message["role"];
    if (role !== "system" && role !== "user" && role !== "assistant") throw invalid(`${where}.role`, `it must be system, developer, user or assistant, it is ${JSON.stringify(message["role"])?.slice(0, 40)}`);
    return { role, content: readContent(message["content"], role, `${where}.content`) };
  });
}

function readContent(value: unknown, role: ChatMessage["role"], where: string): string {
  if (typeof value === "string") return value;
  if (value === null && role === "assistant") return "";
  const isText = (part: unknown): part is { text: string } => isObject(part) && part["type"] === "text" && typeof part["text"] === "string";
  if (Array.isArray(value) && value.every(isText)) return value.map(({ text }) => text).join("");
  throw invalid(where, `it must be a string or an array of {"type": "text", "text": "…"}; this model reads text only`);
}
