import { type Engine, ENGINE_NAMES, type EngineName, openEngine } from "@llm/backend";
import { Option } from "@llm/cli-kit";

/** `--engine`, which every command of the trainer has. */
export const engineOption = (): Option => new Option("--engine <name>", "engine to use (default: the fastest one found)").choices([...ENGINE_NAMES]);

/** Opens the engine and says on standard error which one it is and why. */
export async function openAndSay(prefer: EngineName | undefined): Promise<Engine> {
  const engine = await openEngine(prefer ? { prefer } : {});
  process.stderr.write(`engine       ${engine.name} on ${engine.device}: ${engine.reason}\n`);
  return engine;
}
