import { InvalidArgumentError, type Command } from "commander";

/** Option parser: a whole number of at least `min` (default 0) and at most `max`. */
export const integer =
  (min = 0, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    // 1e6 and 1_000_000 are how people write token budgets.
    const value = Number(text.replaceAll("_", ""));
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`expected a whole number${max === Number.MAX_SAFE_INTEGER ? ` of at least ${min}` : ` from ${min} to ${max}`}.`);
    }
    return value;
  };

/** Option parser: a finite number of at least `min` and at most `max`. */
export const number =
  (min = -Infinity, max = Infinity) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min || value > max) {
      throw new InvalidArgumentError(`expected a number from ${min} to ${max}.`);
    }
    return value;
  };

/** Option parser: a share from 0 to 1. */
export const fraction = number(0, 1);

/** Option parser for options that may be given several times. */
export const collect = (value: string, previous: string[] = []): string[] => [...previous, value];

/** Adds `--json`, which every command has: the result as one JSON document on standard output. */
export const addCommonOptions = (command: Command): Command => command.option("--json", "print the result as JSON on standard output");

/** Writes one JSON document to standard output. */
export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};
