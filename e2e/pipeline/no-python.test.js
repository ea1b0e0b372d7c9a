// A machine without Python: the main job still works, more slowly, and says why.
import { accessSync, constants, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { run, temporaryFolder } from "../run.mjs";
import { root } from "../stages.mjs";

const work = temporaryFolder();
afterAll(work.remove);

/** A PATH that has what npm needs and nothing else. */
const barePath = () => {
  mkdirSync(work.at("bin"));
  for (const name of ["node", "npm", "npx", "sh", "bash", "env", "git", "uname"]) {
    const found = process.env.PATH.split(delimiter).map((folder) => join(folder, name)).find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
    if (found) symlinkSync(found, work.at("bin", name));
  }
  return work.at("bin");
};

it("trains and replies on WebAssembly, and says why", async () => {
  const env = { PATH: barePath(), LLM_CACHE: work.at("cache"), LLM_LIBTENSORFLOW: "", LLM_ENGINE: "" };
  const result = await run(process.execPath, [join(root, "e2e/start.mjs"), "--recipe", "test", "--out", work.at("out"), "--no-chat"], { cwd: root, env });
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toMatch(/no Python|Python/);
  expect(result.stderr).toMatch(/engine: wasm on /);
  expect(result.stdout).toMatch(/ {2}Model: /);
});
