// The README is true: its commands run, one after the other, and so does the example of each package.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { run, temporaryFolder } from "../run.mjs";
import { root } from "../stages.mjs";

const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = (language) => [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map((match) => match[1]);
const work = temporaryFolder();
afterAll(work.remove);

describe("README commands", () => {
  const env = { PATH: `${join(root, "node_modules/.bin")}${delimiter}${process.env.PATH}` };
  const commands = blocks("bash").flatMap((block) => block.trim().split("\n"));

  it("has them", () => expect(commands.length).toBeGreaterThan(8));

  it.each(commands)("%s", async (command) => {
    const result = await run("bash", ["-c", `set -o pipefail; ${command.replaceAll("npx ", "")}`], { cwd: work.folder, env });
    expect(result.code, result.stderr).toBe(0);
    expect(`${result.stdout}${result.stderr}`).not.toBe("");
  });
});

describe("README examples", () => {
  // Beside the workspace's node_modules, so that the packages are found by name.
  const folder = join(root, "e2e/reports/readme");
  it.each(blocks("js").map((code, i) => [/@llm\/\w+/.exec(code)[0], i, code]))("%s (%i)", async (_name, i, code) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `example-${i}.mjs`), code);
    const result = await run(process.execPath, [join(folder, `example-${i}.mjs`)], { cwd: work.folder });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).not.toBe("");
  });
});

describe("docs/cli.md", () => {
  it("is what the commands say", async () => {
    const result = await run(process.execPath, [join(root, "tools/docs-cli.mjs"), "--check"]);
    expect(result.stderr).toBe("");
    expect(result.code).toBe(0);
  });
});
