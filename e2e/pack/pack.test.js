// What another project gets: each package packed, installed into an empty project, its README example run there.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, temporaryFolder } from "../run.mjs";
import { root } from "../stages.mjs";

const work = temporaryFolder();
const names = readdirSync(join(root, "packages"));
const manifest = (name) => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** The package and what it needs of ours, as tarballs; a package is never installed beside what it does not ask for. */
const closure = (name) => [name, ...Object.keys(manifest(name).dependencies ?? {}).filter((key) => key.startsWith("@llm/")).flatMap((key) => closure(key.slice(5)))];

beforeAll(() => {
  for (const name of names) npm(["pack", "--pack-destination", work.folder], join(root, "packages", name));
});
afterAll(work.remove);

describe.each(names)("@llm/%s in an empty project", (name) => {
  const at = (...parts) => work.at(`consumer-${name}`, ...parts);

  beforeAll(() => {
    mkdirSync(at());
    writeFileSync(at("package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
    const { version } = manifest(name);
    const tarballs = [...new Set(closure(name))].map((each) => work.at(`llm-${each}-${version}.tgz`));
    npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs, "typescript@5.9.3", "@types/node@20.19.25"], at());
  });

  it("runs its README example", async () => {
    const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
    const example = /```(?:js|javascript|ts|typescript)\n([\s\S]*?)```/.exec(readme)?.[1];
    expect(example, "the README has an example").toBeDefined();
    writeFileSync(at("example.mjs"), example);
    const result = await run(process.execPath, ["example.mjs"], { cwd: at() });
    expect(result.stderr.replace(/^.*(Warning|TensorFlow).*$/gm, "")).not.toMatch(/Error/);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout.length).toBeGreaterThan(0);
  });

  it.runIf(name === "backend")("speeds up a training step of plain @tensorflow/tfjs, as its README says", async () => {
    const example = readFileSync(join(root, "packages", name, "README.md"), "utf8").match(/```js\n[\s\S]*?```/g).find((code) => code.includes('from "@tensorflow/tfjs"'));
    npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-node-gpu@4.22.0"], at());
    writeFileSync(at("speed.mjs"), example.slice("```js\n".length, -"```".length));
    const { code, stdout, stderr } = await run(process.execPath, ["speed.mjs"], { cwd: at() });
    expect(code, stderr).toBe(0);
    const [eager, compiled] = ["eager", "compiled"].map((label) => Number(new RegExp(`^${label}: ([\\d.]+) ms a step$`, "m").exec(stdout)?.[1]));
    expect(compiled).toBeGreaterThan(0);
    expect(compiled).toBeLessThan(eager);
  });

  it("loads by require, with the same names", async () => {
    writeFileSync(at("names.cjs"), `console.log(JSON.stringify(Object.keys(require("@llm/${name}")).sort()))`);
    writeFileSync(at("names.mjs"), `console.log(JSON.stringify(Object.keys(await import("@llm/${name}")).sort()))`);
    const required = await run(process.execPath, ["--no-warnings", "names.cjs"], { cwd: at() });
    const imported = await run(process.execPath, ["names.mjs"], { cwd: at() });
    expect(required.code, required.stderr).toBe(0);
    const list = JSON.parse(required.stdout).filter((key) => !["__esModule", "default", "module.exports"].includes(key));
    expect(list.length).toBeGreaterThan(2);
    expect(list).toEqual(JSON.parse(imported.stdout));
  });

  it("has types that resolve under nodenext", async () => {
    writeFileSync(at("use.ts"), Object.keys(manifest(name).exports).filter((key) => key !== "./package.json").map((key, i) => `import * as use${i} from "${join("@llm", name, key)}";\nexport const keep${i}: object = use${i};`).join("\n"));
    const result = await run(process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext", "--target", "es2022", "use.ts"], { cwd: at() });
    expect(result.stdout).toBe("");
    expect(result.code).toBe(0);
  });

  it.runIf(manifest(name).bin)("answers --help through npx", async () => {
    const [bin] = Object.keys(manifest(name).bin);
    const result = await run("npx", ["--no-install", bin, "--help"], { cwd: at() });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toContain("Usage:");
  });
});
