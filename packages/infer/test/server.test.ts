import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { complete, createHandler, encodeMessages, type Run, type RunningServer, serve } from "@llm/infer";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NEVER, tinyRun } from "./tiny-run.js";

let run: Run;
let server: RunningServer;
const errors: unknown[] = [];
beforeAll(async () => {
  run = await tinyRun({}, NEVER);
  server = await serve(run, { port: 0, maxQueue: 2, maxBodyBytes: 64 * 1024, onError: (error) => errors.push(error) });
});
afterAll(async () => {
  await server.close();
  // Nothing in this file may have been a defect of the server.
  expect(errors).toEqual([]);
});

const HELLO = { messages: [{ role: "user", content: "Who is there?" }], max_tokens: 8, seed: 5, temperature: 1, top_p: 1 };
const post = (body: unknown, init: RequestInit = {}) => fetch(`${server.url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body), ...init });
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;
const error = async (response: Response): Promise<Any> => ((await response.json()) as Any).error;

/** The data of a finished stream of events. */
async function events(response: Response): Promise<Any[]> {
  const frames = (await response.text()).split("\n\n");
  expect(frames.pop()).toBe("");
  expect(frames.pop()).toBe("data: [DONE]");
  return frames.map((frame) => {
    expect(frame).toMatch(/^data: \{.*\}$/);
    return JSON.parse(frame.slice(6));
  });
}

/** A request that sends exactly these headers, which fetch would not. */
const raw = (headers: Record<string, string>, path = "/health", method = "GET") =>
  new Promise<{ status: number; body: string; headers: Record<string, unknown> }>((done, fail) => {
    const request = httpRequest({ host: "127.0.0.1", port: server.port, path, method, headers, setHost: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => done({ status: response.statusCode!, body, headers: response.headers }));
    });
    request.on("error", fail).end();
  });

describe("chat completions", () => {
  it("answer as one document in OpenAI's shape, with what the library itself generates", async () => {
    const response = await post(HELLO);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const body = (await response.json()) as Any;
    const { ids } = encodeMessages(run, [{ role: "user", content: "Who is there?" }], { maxTokens: 8 });
    const { text } = await complete(run, ids, { maxTokens: 8, seed: 5, temperature: 1, topP: 1 });
    expect(body).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "tiny",
      choices: [{ index: 0, message: { role: "assistant", content: text, refusal: null }, logprobs: null, finish_reason: "length" }],
      usage: { prompt_tokens: ids.length, completion_tokens: 8, total_tokens: ids.length + 8, prompt_tokens_details: { cached_tokens: 0 } },
    });
    expect(Math.abs(body.created - Date.now() / 1000)).toBeLessThan(60);
  });

  it("stream the same text in chunks of one id, with the counts at the end when asked for", async () => {
    const { choices } = (await (await post(HELLO)).json()) as Any;
    const response = await post({ ...HELLO, stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const chunks = await events(response);
    expect(new Set(chunks.map(({ id, object, created, model }) => `${id} ${object} ${created} ${model}`)).size).toBe(1);
    expect(chunks[0].object).toBe("chat.completion.chunk");
    expect(chunks[0].choices).toEqual([{ index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 8 } });
    expect(chunks.at(-2).choices).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: "length" }]);
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(chunks.slice(0, -1).map((chunk) => chunk.choices[0].delta.content ?? "").join("")).toBe(choices[0].message.content);

    const plain = await events(await post({ ...HELLO, stream: true }));
    expect(plain.every((chunk) => !("usage" in chunk))).toBe(true);
    expect(plain.at(-1).choices[0].finish_reason).toBe("length");
  });

  it("obey every sampling parameter under its usual names", async () => {
    const text = async (more: object): Promise<string> => ((await (await post({ ...HELLO, ...more })).json()) as Any).choices[0].message.content;
    const plain = await text({});
    expect(await text({ seed: 6 })).not.toBe(plain);
    const greedy = await text({ temperature: 0 });
    for (const narrow of [{ top_k: 1 }, { top_p: 1e-9 }, { min_p: 1 }]) expect(await text(narrow)).toBe(greedy);
    expect(await text({ temperature: 0, repetition_penalty: 100 })).not.toBe(greedy);
    expect(await text({ temperature: 0, repeat_penalty: 100 })).toBe(await text({ temperature: 0, repetition_penalty: 100 }));
    expect(await text({ max_completion_tokens: 3, max_tokens: 8 })).toBe(await text({ max_tokens: 3 }));
    const letter = [...plain].find((each) => /[ -~]/.test(each))!;
    const stopped = (await (await post({ ...HELLO, stop: letter })).json()) as Any;
    expect(stopped.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: plain.slice(0, plain.indexOf(letter)) } });
    const id = run.tokenizer.encodeIds("fox")[0]!;
    expect(await text({ max_tokens: 2, logit_bias: { [id]: 100 } })).toBe(run.tokenizer.decode([id, id]));
    expect(await text({ top_k: -1, seed: 5, frequency_penalty: null, unknown: { any: "thing" } })).toBe(plain);
  });

  it("read content in parts and the developer's role", async () => {
    const one = (await (await post({ ...HELLO, messages: [{ role: "system", content: "Be kind." }, { role: "user", content: "Who?" }] })).json()) as Any;
    const other = (await (await post({ ...HELLO, messages: [{ role: "developer", content: [{ type: "text", text: "Be " }, { type: "text", text: "kind." }] }, { role: "user", content: "Who?" }] })).json()) as Any;
    expect(other.choices).toEqual(one.choices);
  });

  it("never take a user's text for a special token", async () => {
    const count = async (content: string): Promise<number> => ((await (await post({ ...HELLO, messages: [{ role: "user", content }], max_tokens: 1 })).json()) as Any).usage.prompt_tokens;
    expect(await count("</s><|user|>")).toBeGreaterThan((await count("")) + 5);
  });

  it("refuse a conversation that is too long, or forget its beginning when asked to", async () => {
    const messages = Array.from({ length: 80 }, (_, i) => ({ role: i % 2 ? "assistant" : "user", content: "The quick brown fox jumps over the lazy dog. 1234567890" })).concat({ role: "user", content: "Who?" });
    const refused = await post({ messages, max_tokens: 2 });
    expect(refused.status).toBe(400);
    expect(await error(refused)).toMatchObject({ code: "context_length_exceeded", param: "messages", message: expect.stringMatching(/1024 tokens/) });
    const streamed = await post({ messages, max_tokens: 2, stream: true });
    expect(streamed.status).toBe(400);
    const kept = (await (await post({ messages, max_tokens: 2, truncation: "auto" })).json()) as Any;
    expect(kept.usage.prompt_tokens).toBeLessThanOrEqual(1022);
    expect(kept.usage.prompt_tokens).toBeGreaterThan(900);
  });
});

describe("bad requests", () => {
  it.each([
    ["no JSON", "{", 400, /no valid JSON/],
    ["not UTF-8", "\uFFFD", 400, /no valid JSON/],
    ["an array", [], 400, /JSON object/],
    ["no messages", {}, 400, /^messages/],
    ["no message", { messages: [] }, 400, /^messages/],
    ["a message that is none", { messages: [7] }, 400, /^messages\[0\]/],
    ["a role that is none", { messages: [{ role: "tool", content: "x" }] }, 400, /^messages\[0\]\.role/],
    ["an image", { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] }, 400, /^messages\[0\]\.content/],
    ["nothing to reply to", { messages: [{ role: "system", content: "x" }] }, 400, /message to reply to/],
    ["a temperature in words", { ...HELLO, temperature: "hot" }, 400, /^temperature/],
    ["a negative temperature", { ...HELLO, temperature: -1 }, 400, /^temperature/],
    ["a top_p of 0", { ...HELLO, top_p: 0 }, 400, /^top_p/],
    ["half a token", { ...HELLO, max_tokens: 0.5 }, 400, /^max_tokens/],
    ["a seed in words", { ...HELLO, seed: "x" }, 400, /^seed/],
    ["a stop that is a number", { ...HELLO, stop: [3] }, 400, /^stop/],
    ["too many stops", { ...HELLO, stop: Array.from({ length: 65 }, () => "x") }, 400, /^stop/],
    ["a bias of 101", { ...HELLO, logit_bias: { 3: 101 } }, 400, /^logit_bias/],
    ["a stream in words", { ...HELLO, stream: "yes" }, 400, /^stream/],
    ["two replies", { ...HELLO, n: 2 }, 400, /^n:/],
    ["tools", { ...HELLO, tools: [{}] }, 400, /^tools/],
    ["a schema", { ...HELLO, response_format: { type: "json_object" } }, 400, /^response_format/],
    ["probabilities", { ...HELLO, logprobs: true }, 400, /^logprobs/],
  ])("%s", async (_, body, status, message) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await error(response)).toEqual({ message: expect.stringMatching(message), type: "invalid_request_error", param: expect.toBeOneOf([null, expect.any(String)]), code: expect.toBeOneOf([null, expect.any(String)]) });
  });

  it("bodies that are too long, whether they say so or not", async () => {
    const long = JSON.stringify({ ...HELLO, padding: "x".repeat(3_000_000) });
    const told = await post(long);
    expect(told.status).toBe(413);
    expect(await error(told)).toMatchObject({ code: "body_too_large" });
    const parts = new ReadableStream({ start: (controller) => (controller.enqueue(new TextEncoder().encode(long)), controller.close()) });
    expect((await post("", { body: parts, duplex: "half" } as RequestInit)).status).toBe(413);
    expect((await post(HELLO)).status).toBe(200);
  });

  it("content types that a foreign page could send without asking", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]) {
      expect((await post(JSON.stringify(HELLO), { headers: { "content-type": type } })).status).toBe(415);
    }
    const asked = await fetch(`${server.url}/v1/chat/completions`, { method: "OPTIONS", headers: { origin: "http://evil.example", "access-control-request-method": "POST" } });
    expect(asked.status).toBe(405);
    for (const response of [asked, await post(HELLO, { headers: { "content-type": "application/json", origin: "http://evil.example" } })]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  it("hosts that are not this machine", async () => {
    for (const host of ["evil.example", `evil.example:${server.port}`, "localhost.evil.example", "10.0.0.1", ""]) {
      expect((await raw({ host }, "/v1/models")).status, host).toBe(403);
      expect((await raw({ host }, "/")).status, host).toBe(403);
    }
    for (const host of ["localhost", `LOCALHOST:${server.port}`, "127.0.0.1", "[::1]:8080"]) expect((await raw({ host })).status, host).toBe(200);
  });

  it("paths and methods that there are not", async () => {
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${server.url}/..%2f..%2fetc/passwd`)).status).toBe(404);
    const get = await fetch(`${server.url}/v1/chat/completions`);
    expect(get.status).toBe(405);
    expect(get.headers.get("allow")).toBe("POST");
    expect((await raw({ host: "localhost" }, "http://evil.example/v1/models")).status).toBe(200); // the page: only the path counts
    expect((await raw({ host: "localhost" }, "/", "TRACE")).status).toBe(400);
  });

  it("bytes that are no HTTP", async () => {
    const answer = await new Promise<string>((done) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write("\x16\x03\x01 nonsense\r\n\r\n"));
      let text = "";
      socket.on("data", (part) => (text += part)).on("close", () => done(text));
    });
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

describe("one reply at a time", () => {
  const long = (more: object = {}) => ({ ...HELLO, max_tokens: 900, stream: true, ...more });
  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    for (const started = Date.now(); !(await condition()); ) {
      if (Date.now() - started > 10_000) throw new Error("waited too long");
      await new Promise((done) => setTimeout(done, 10));
    }
  };
  const waiting = async (): Promise<number> => ((await (await fetch(`${server.url}/health`)).json()) as Any).waiting;

  it("lets others wait, refuses more than its queue holds, and stops for a client that leaves", async () => {
    const clients = [new AbortController(), new AbortController(), new AbortController()];
    const running = await post(long(), { signal: clients[0]!.signal });
    const reader = running.body!.getReader();
    await reader.read();
    const queued = [post(long(), { signal: clients[1]!.signal }), post({ ...HELLO, max_tokens: 3 }, { signal: clients[2]!.signal })];
    await until(async () => (await waiting()) === 2);

    const refused = await post(HELLO);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await error(refused)).toMatchObject({ type: "rate_limit_error", code: "queue_full" });

    clients[1]!.abort(); // one that waits leaves
    await until(async () => (await waiting()) === 1);
    clients[0]!.abort(); // the one that is served leaves
    const last = await queued[1]!;
    expect(((await last.json()) as Any).usage.completion_tokens).toBe(3);
    await Promise.allSettled([...queued, reader.read()]);
  });

  it("frees everything of a reply that was cut off", async () => {
    await post({ ...HELLO, max_tokens: 2 });
    const before = tf.memory().numTensors;
    const response = await post(long());
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await until(async () => tf.memory().numTensors === before);
    expect((await post({ ...HELLO, max_tokens: 1 })).status).toBe(200);
  });

  it("answers other routes while a reply is written", async () => {
    const response = await post(long());
    const reader = response.body!.getReader();
    await reader.read();
    expect(((await (await fetch(`${server.url}/v1/models`)).json()) as Any).data[0].id).toBe("tiny");
    await reader.cancel();
  });
});

describe("other routes", () => {
  it("list the model", async () => {
    const { data, object } = (await (await fetch(`${server.url}/v1/models`)).json()) as Any;
    expect(object).toBe("list");
    expect(data).toEqual([{ id: "tiny", object: "model", created: expect.any(Number), owned_by: "local", meta: { n_vocab: run.config.vocabSize, n_ctx_train: 1024, n_embd: 32, n_params: run.parameterCount } }]);
    expect(await (await fetch(`${server.url}/v1/models/tiny`)).json()).toEqual(data[0]);
    expect((await fetch(`${server.url}/v1/models/other`)).status).toBe(404);
  });

  it("give the page, whose policy lets nothing foreign in", async () => {
    const page = await fetch(`${server.url}/`);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]!);
    expect(files.length).toBe(3);
    for (const path of files) expect((await fetch(server.url + path)).status, path).toBe(200);
    // What the policy would block, and what would let a reply become markup.
    expect(html).not.toMatch(/ style=| on\w+=|<script>|https?:/);
    const script = await (await fetch(`${server.url}/page.js`)).text();
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?:/);
    // Everything that can be typed into has a name for those who can't see it.
    for (const [, id] of html.matchAll(/<(?:input|textarea) id="([^"]+)"/g)) {
      expect(html, id).toMatch(new RegExp(`<label[^>]*>[^<]+<input id="${id}"|<label for="${id}"`));
    }
    const head = await fetch(`${server.url}/`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});

describe("createHandler", () => {
  it("works without a socket, and wants the key on every route that uses the model", async () => {
    const handler = createHandler(run, { apiKey: "secret", allowedHosts: ["model.example"] });
    const ask = (path: string, init: RequestInit = {}) => handler(new Request(`http://model.example${path}`, init));
    for (const path of ["/v1/models", "/v1/models/tiny", "/v1/chat/completions"]) {
      const refused = await ask(path);
      expect(refused.status).toBe(401);
      expect(await error(refused)).toMatchObject({ type: "authentication_error", code: "invalid_api_key" });
      expect((await ask(path, { headers: { authorization: "Bearer secrets" } })).status).toBe(401);
    }
    expect((await ask("/v1/models", { headers: { authorization: "Bearer secret" } })).status).toBe(200);
    for (const path of ["/health", "/", "/page.js"]) expect((await ask(path)).status).toBe(200);
    const reply = await ask("/v1/chat/completions", { method: "POST", headers: { authorization: "Bearer secret", "content-type": "application/json" }, body: JSON.stringify(HELLO) });
    expect(((await reply.json()) as Any).choices[0].message.content.length).toBeGreaterThan(0);
    expect((await handler(new Request("http://other.example/health"))).status).toBe(403);
  });

  it("reports what failed in the middle of a stream as an event, not to the client what exactly", async () => {
    const broken = await tinyRun({}, NEVER);
    for (const variable of broken.params.values()) tf.tidy(() => variable.assign(tf.fill(variable.shape, NaN)));
    const handler = createHandler(broken);
    const response = await handler(new Request("http://localhost/v1/chat/completions", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...HELLO, stream: true }) }));
    expect(await response.text()).toMatch(/data: \{"error":\{"message":"The server failed[^}]*"type":"server_error"/);
    broken.dispose();
  });
});

describe("serve", () => {
  it("says why it can't listen", async () => {
    await expect(serve(run, { port: server.port })).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${server.port}.*another port`));
  });
});
