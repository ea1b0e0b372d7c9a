import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Command } from "commander";
import { integer } from "./options.js";
import { runCli, UsageError } from "./run.js";

let written = "";
beforeEach(() => {
  written = "";
  // What the terminal would show; the stream itself stays the real one.
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((written += String(text)), true));
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
});
afterEach(() => vi.restoreAllMocks());

const KNOWN: unique symbol = Symbol.for("@llm/error");
class Known extends Error {
  readonly [KNOWN] = true;
}

const program = (action: () => Promise<void>): Command => {
  const command = new Command("tool");
  command.command("work").option("--count <n>", "how many", integer(1, 10)).action(action);
  return command;
};

describe("runCli", () => {
  const run = (action: () => Promise<void>, ...args: string[]) => runCli(program(action), ["work", ...args]);

  it("is 0 when the command is done, and for --help", async () => {
    expect(await run(async () => {})).toBe(0);
    expect(await run(async () => {}, "--help")).toBe(0);
  });

  it.each([[["--nonsense"]], [["--count", "0"]], [["--count", "many"]], [["--count", "2.5"]], [["--count", ""]], [["surplus"]]])("is 2 for %j", async (args) => {
    expect(await run(async () => {}, ...args)).toBe(2);
    expect(written).toContain("error");
  });

  it("is 2 for an unknown command and for usage that only the command sees", async () => {
    expect(await runCli(program(async () => {}), ["nonsense"])).toBe(2);
    expect(await run(async () => Promise.reject(new UsageError("--a excludes --b")))).toBe(2);
    expect(written).toContain("--a excludes --b");
  });

  it("is 1 with one message and its causes, without a stack, for an error that a user can act on", async () => {
    expect(await run(async () => Promise.reject(new Known("The file is cut off.", { cause: new Error("footer missing") })))).toBe(1);
    expect(written).toBe("error: The file is cut off.\n  because: footer missing\n");
    written = "";
    expect(await run(async () => Promise.reject(Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })))).toBe(1);
    expect(written).toBe("error: ENOSPC: no space left on device, write\n");
  });

  it("is 1 with the stack for a defect, 130 when interrupted", async () => {
    expect(await run(async () => Promise.reject(new TypeError("x is not a function")))).toBe(1);
    expect(written).toMatch(/defect[\s\S]+TypeError: x is not a function\n\s+at /);
    expect(await run(async () => Promise.reject(new DOMException("stopped", "AbortError")))).toBe(130);
  });

  it("listens to standard output once, however often it runs", async () => {
    await run(async () => {});
    const before = process.stdout.listenerCount("error");
    for (let i = 0; i < 20; i++) await run(async () => {});
    expect(process.stdout.listenerCount("error")).toBe(before);
  });
});
