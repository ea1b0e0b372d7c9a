import { addCommonOptions, type Command, collect, integer, printJson, stopSignal } from "@llm/cli-kit";
import { serve } from "../server/serve.js";
import { addRunOptions, closeRun, openRun, type RunFlags, say } from "./options.js";

interface ServeFlags extends RunFlags {
  port: number;
  host: string;
  allowHost?: string[];
  apiKey?: string;
  maxQueue: number;
  json?: boolean;
}

/** Adds `llm-infer serve`. */
export function addServeCommand(program: Command): void {
  const command = program.command("serve").description("serves the model: a chat page at /, and an OpenAI-shaped API under /v1");
  addRunOptions(command)
    .option("--port <n>", "port to listen on, 0 for any free one", integer(0, 65_535), 8080)
    .option("--host <address>", "address to listen on; 0.0.0.0 opens the server to the network", "127.0.0.1")
    .option("--allow-host <name>", "further name under which the server may be asked; may be given several times (default: none)", collect)
    .option("--api-key <key>", "key that clients must send (default: the environment's LLM_API_KEY, else none)")
    .option("--max-queue <n>", "requests that may wait while a reply is written", integer(0, 10_000), 16);
  addCommonOptions(command).action(run);
}

async function run({ port, host, allowHost, apiKey = process.env["LLM_API_KEY"], maxQueue, json, ...flags }: ServeFlags): Promise<void> {
  const { signal, release } = stopSignal();
  let opened: Awaited<ReturnType<typeof openRun>> | undefined;
  try {
    opened = await openRun(flags);
    const server = await serve(opened, { port, host, allowedHosts: allowHost, apiKey: apiKey || undefined, maxQueue, onError: (error) => say(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`) });
    if (json) printJson({ url: server.url, port: server.port });
    say(`serving      ${server.url} (chat page), ${server.url}/v1 (OpenAI-shaped API); Ctrl-C ends it`);
    if (!/^(127\.|localhost$|::1$)/.test(host) && !apiKey) say("warning      everyone who reaches this machine can use the model; --api-key asks for a key");
    if (!signal.aborted) await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
    await server.close();
  } finally {
    release();
    closeRun(opened);
  }
}
