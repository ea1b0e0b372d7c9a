import type { Command } from "@llm/cli-kit";

export function addServeCommand(_program: Command): void {}
