import { CommanderError, type Command } from "commander";

/** Wrong usage that only the command's own code can see (options that exclude each other, a missing source): exit 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The marker that the packages' own error classes carry, shared by name so that it works across installed copies. */
const KNOWN = Symbol.for("@llm/error");

/** Operating-system errors that a person can act on without a stack. */
const SYSTEM = new Set(["ENOENT", "EACCES", "EPERM", "ENOSPC", "EDQUOT", "EISDIR", "ENOTDIR", "EEXIST", "EROFS", "EMFILE", "EFBIG", "EADDRINUSE", "ENOTEMPTY", "EXDEV"]);

const isKnown = (error: unknown): error is Error =>
  error instanceof Error && ((error as { [KNOWN]?: unknown })[KNOWN] === true || SYSTEM.has(String((error as NodeJS.ErrnoException).code)));

const causes = (error: Error): string => {
  let text = "";
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!error.message.includes(cause.message)) text += `\n  because: ${cause.message}`;
  }
  return text;
};

/** A reader that closes the pipe early (`| head`) ends the command quietly. */
const closedPipe = (error: NodeJS.ErrnoException): void => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
};

/**
 * Runs a command line and returns its exit code: 0 done, 1 a known error (one message, no stack) or a defect (with its
 * stack), 2 wrong usage, 130 interrupted. Never throws and never calls `process.exit`.
 *
 * @param program The commander program; subcommands must use `.action(async …)`.
 * @param argv The arguments without `node` and the script.
 */
export async function runCli(program: Command, argv: readonly string[]): Promise<number> {
  const strict = (command: Command): void => {
    command.exitOverride().showHelpAfterError(`(${command.name()} --help shows the usage)`);
    command.configureOutput({ outputError: (text, write) => write(text) });
    command.commands.forEach(strict);
  };
  strict(program);
  // Once only, however many command lines a process runs.
  if (!process.stdout.listeners("error").includes(closedPipe)) process.stdout.on("error", closedPipe);
  try {
    await program.parseAsync(argv, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      process.stderr.write(`error: ${error.message}\n`);
      return 2;
    }
    if (error instanceof Error && error.name === "AbortError") {
      process.stderr.write("interrupted\n");
      return 130;
    }
    if (isKnown(error)) {
      process.stderr.write(`error: ${error.message}${causes(error)}\n`);
      return 1;
    }
    process.stderr.write(`error: this is a defect, please report it\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}
