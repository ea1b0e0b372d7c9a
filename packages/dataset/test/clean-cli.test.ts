import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { writeJsonl } from "@llm/dataset";
import { expect, test } from "vitest";
import { root } from "./python.js";
import { temporaryFolder } from "./temporary.js";

/** The built command line, as its users have it. */
const cli = (...args: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(process.execPath, [join(root, "packages/dataset/bin/llm-dataset.js"), ...args], { encoding: "utf8" });

const text = (seed: number): string => Array.from({ length: 70 }, (_, i) => `${["the", "of", "river", "stone", "and", "window", "to"][(i * seed) % 7]}${i % 3 === 0 ? (i * seed) % 97 : ""}`).join(" ");

/** Words that don't come again, but for two of English's most frequent. */
const distinct = (count: number): string => Array.from({ length: count }, (_, i) => (i % 9 === 0 ? "the" : i % 9 === 5 ? "and" : `word${String.fromCharCode(97 + (i % 26), 97 + (i % 25))}`)).join(" ");

test("prepare --filters says which rules rejected, and takes thresholds", async () => {
  const folder = await temporaryFolder();
  const source = join(folder, "in.jsonl");
  await writeJsonl(source, [{ text: `${distinct(40)}.` }, { text: `${distinct(90)} { }.` }]);
  const run = (...flags: string[]): ReturnType<typeof cli> => cli("prepare", source, "--out", join(folder, "out"), "--filters", "fineweb", "--compat", "datatrove", ...flags);
  const first = run("--json");
  expect(first.status).toBe(0);
  expect((JSON.parse(first.stdout) as { details: { rules: object } }).details.rules).toEqual({ "gopher-quality.gopher_short_doc": 1, "c4.curly_bracket": 1 });
  const moved = run("--threshold", "gopher-quality.gopher_short_doc=5", "--threshold", "c4.curly_bracket=off");
  expect(moved.stderr).toMatch(/rejected as c4: 2\n +c4\.too_few_sentences: 2/);
  expect(moved.stderr).not.toMatch(/gopher_short_doc|curly_bracket/);
});

test("flags that don't fit are wrong usage, and name what does", async () => {
  const folder = await temporaryFolder();
  const source = join(folder, "in.jsonl");
  await writeJsonl(source, [{ text: "Some text." }]);
  const out = join(folder, "out");
  for (const [args, message] of [
    [["prepare", "--threshold", "c4.curly_bracket=off"], /add --filters fineweb/],
    [["prepare", "--filters", "fineweb", "--threshold", "c4.nothing=1"], /c4\.too_few_sentences=5/],
    [["prepare", "--filters", "fineweb", "--threshold", "c4.curly_bracket=many"], /NAME=NUMBER or NAME=off/],
    [["prepare", "--filters", "c5"], /--filters takes fineweb/],
    [["prepare", "--filters", "fineweb", "--compat", "dolma"], /--compat takes datatrove/],
    [["dedupe", "--similarity", "1.5"], /from 0 to 1/],
    [["dedupe", "--keep", "best"], /longest or first/],
  ] as const) {
    const [command, ...flags] = args;
    const { status, stderr } = cli(command, source, "--out", out, ...flags);
    expect([status, stderr], args.join(" ")).toEqual([2, expect.stringMatching(message)]);
  }
});

test("dedupe removes copies", async () => {
  const folder = await temporaryFolder();
  const source = join(folder, "in.jsonl");
  await writeJsonl(source, [{ id: "a", text: text(3) }, { id: "b", text: text(4) }, { id: "c", text: `${text(3)} more` }]);
  const { status, stdout } = cli("dedupe", source, "--out", join(folder, "out"), "--keep", "first", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: "written", read: 3, documents: 2, duplicates: 1, clusters: 1 });
});
