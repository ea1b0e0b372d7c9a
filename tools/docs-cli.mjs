// @ts-check
// Writes docs/cli.md from what the bins themselves say: `node tools/docs-cli.mjs` (after a build); `--check` only compares.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const packages = ["dataset", "bpe", "backend", "trainer", "infer"];

/** @param {string} name @param {string[]} args */
const help = (name, args) =>
  execFileSync(process.execPath, [join(root, "packages", name, "bin", `llm-${name}.js`), ...args, "--help"], { encoding: "utf8", env: { ...process.env, COLUMNS: "110", NO_COLOR: "1" } }).trimEnd();

/** @param {string} text The commands that a help text lists. */
const commands = (text) => {
  const list = /\nCommands:\n([\s\S]*)/.exec(text)?.[1] ?? "";
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1]).filter((name) => name !== "help");
};

let page = `# Command lines

Written by \`node tools/docs-cli.mjs\` from the commands' own \`--help\`. In this repository they are run as \`npx llm-bpe …\`.

A SOURCE is a file, a folder or a glob of parquet, jsonl or txt, or \`hf://datasets/OWNER/NAME/PATH\`. Data goes to standard output, text for
people to standard error. Exit codes: 0 done, 1 an error that the message explains, 2 wrong usage, 130 interrupted.
`;
/** A command with those below it. @param {string} name @param {string[]} [path] */
function describe(name, path = []) {
  const text = help(name, path);
  page += `\n${path.length === 0 ? "##" : "###"} llm-${[name, ...path].join(" ")}\n\n\`\`\`\n${text}\n\`\`\`\n`;
  for (const command of commands(text)) describe(name, [...path, command]);
}
for (const name of packages) describe(name);
const path = join(root, "docs/cli.md");
if (process.argv.includes("--check")) {
  if (readFileSync(path, "utf8") !== page) {
    process.stderr.write("docs/cli.md differs from what the commands say: run `node tools/docs-cli.mjs` after a build\n");
    process.exit(1);
  }
} else writeFileSync(path, page);
