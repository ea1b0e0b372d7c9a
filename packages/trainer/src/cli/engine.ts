import { type Engine, openEngine } from "@llm/backend";
import { Option } from "@llm/cli-kit";

const ENGINES = ["tensorflow-gpu", "tensorflow", "wasm", "cpu"] as const;
export type EngineChoice = (typeof ENGINES)[number];

/** `--engine`, which every command of the trainer has. */
export const engineOption = (): Option => new Option("--engine <name>", "engine to use (default: the fastest one found)").choices([...ENGINES]);

/** Opens the engine and says on standard error which one it is and why. */
export async function openAndSay(prefer: EngineChoice | undefined): Promise<Engine> {
  const engine = await openEngine(prefer ? { prefer } : {});
  process.stderr.write(`engine       ${engine.name} on ${engine.device}: ${engine.reason}\n`);
  return engine;
}
