/** An answer that is an error. */
export class HttpError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, { type = status >= 500 ? "server_error" : "invalid_request_error", code = null, param = null, headers = {}, cause }: { type?: string; code?: string | null; param?: string | null; headers?: Record<string, string>; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = "HttpError";
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
    this.headers = headers;
  }

  /** The body in OpenAI's shape, which its clients turn into typed errors. */
  get body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

/** On every answer: never guess a type, never tell where people came from, never be embedded by another origin. */
const COMMON = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-resource-policy": "same-origin", "x-frame-options": "DENY" };

export const respond = (body: string | ReadableStream<Uint8Array>, type: string, { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {}): Response =>
  new Response(body, { status, headers: { ...COMMON, "cache-control": "no-cache, no-transform", "content-type": type, ...headers } });

export const respondJson = (value: unknown, options?: { status?: number; headers?: Record<string, string> }): Response => respond(JSON.stringify(value), "application/json; charset=utf-8", options);

/**
 * Reads a JSON body of at most `limit` bytes.
 *
 * @throws {HttpError} 415 unless it is declared as JSON (which makes a browser ask before it sends one from another origin),
 *   413 if it is too long, 400 if it is no JSON object.
 */
export async function readJsonBody(request: Request, limit: number): Promise<Record<string, unknown>> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw new HttpError(415, `The body must be JSON with the header content-type: application/json; found ${request.headers.get("content-type") ?? "no content-type"}.`);
  }
  const tooLong = (): HttpError => new HttpError(413, `The body is longer than ${limit} bytes, the most that is accepted.`, { code: "body_too_large" });
  if (Number(request.headers.get("content-length") ?? 0) > limit) {
    await request.body?.cancel();
    throw tooLong();
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (!next || next.done) break;
    size += next.value.byteLength;
    if (size > limit) {
      await reader!.cancel();
      throw tooLong();
    }
    parts.push(next.value);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)));
  } catch (error) {
    throw new HttpError(400, `The body is no valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new HttpError(400, "The body must be a JSON object.");
  return value as Record<string, unknown>;
}
