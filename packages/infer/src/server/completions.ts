import { randomUUID } from "node:crypto";
import { chat, encodeMessages, type ChatResult } from "../chat.js";
import { InferError } from "../errors.js";
import { finish } from "../generate.js";
import { resolveOptions } from "../options.js";
import type { Run } from "../run.js";
import { HttpError, respond, respondJson } from "./http.js";
import type { Queue } from "./queue.js";
import { type ChatRequest, parseChatRequest } from "./request.js";

/** Silence after which a stream gets a comment, so that nothing on the way takes it for dead. */
const PING_MS = 10_000;

const usageOf = ({ stats }: ChatResult) => ({
  prompt_tokens: stats.promptTokens,
  completion_tokens: stats.completionTokens,
  total_tokens: stats.promptTokens + stats.completionTokens,
  prompt_tokens_details: { cached_tokens: 0 },
});

/** Turns what a request can cause into its answer; everything else is a defect of the server. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof InferError) {
    if (error.code === "context") return new HttpError(400, error.message, { param: "messages", code: "context_length_exceeded", cause: error });
    if (error.code === "chat" || error.code === "options") return new HttpError(400, error.message, { cause: error });
  }
  return new HttpError(500, "The server failed to answer this request.", { cause: error });
}

/** Answers POST /v1/chat/completions, as one JSON document or as server-sent events. */
export async function chatCompletions(run: Run, queue: Queue, request: Request, body: Record<string, unknown>): Promise<Response> {
  const asked = parseChatRequest(body);
  // Found out before the queue, and before a stream begins with status 200.
  const { maxTokens } = resolveOptions(asked.options, run.defaults, () => 0);
  encodeMessages(run, asked.messages, { maxTokens, overflow: asked.options.overflow });
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: run.name };
  return asked.stream ? streamed(run, queue, request, asked, head) : whole(run, queue, request, asked, head);
}

type Head = { id: string; created: number; model: string };

async function whole(run: Run, queue: Queue, request: Request, { messages, options }: ChatRequest, head: Head): Promise<Response> {
  const leave = await queue.enter(request.signal);
  try {
    const result = await finish(chat(run, messages, { ...options, signal: request.signal }));
    const message = { role: "assistant", content: result.text, refusal: null };
    return respondJson({ ...head, object: "chat.completion", choices: [{ index: 0, message, logprobs: null, finish_reason: result.finishReason }], usage: usageOf(result) });
  } finally {
    leave();
  }
}

function streamed(run: Run, queue: Queue, request: Request, { messages, options, includeUsage }: ChatRequest, head: Head): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([request.signal, left.signal]);
  const turn = queue.enter(signal);
  const encoder = new TextEncoder();
  const chunk = (choices: object[], usage: object | null = null) => ({ ...head, object: "chat.completion.chunk", choices, ...(includeUsage ? { usage } : {}) });
  const choice = (delta: object, finishReason: string | null = null) => chunk([{ index: 0, delta, logprobs: null, finish_reason: finishReason }]);

  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const write = (text: string): void => void (signal.aborted || controller.enqueue(encoder.encode(text)));
      const send = (value: object): void => write(`data: ${JSON.stringify(value)}\n\n`);
      const ping = setInterval(() => write(": waiting\n\n"), PING_MS);
      let leave = (): void => {};
      const produce = async (): Promise<void> => {
        try {
          leave = await turn;
          send(choice({ role: "assistant", content: "" }));
          const stream = chat(run, messages, { ...options, signal });
          let next = await stream.next();
          for (; !next.done; next = await stream.next()) {
            ping.refresh();
            if (next.value.text !== "") send(choice({ content: next.value.text }));
          }
          send(choice({}, next.value.finishReason));
          if (includeUsage) send(chunk([], usageOf(next.value)));
          write("data: [DONE]\n\n");
        } catch (error) {
          if (!signal.aborted) send(toHttpError(error).body);
        } finally {
          clearInterval(ping);
          leave();
          if (!signal.aborted) controller.close();
        }
      };
      // Not awaited: a stream must have started before its reader may cancel it.
      void produce();
    },
    cancel: () => left.abort(),
  });
  return respond(body, "text/event-stream; charset=utf-8", { headers: { "x-accel-buffering": "no" } });
}
