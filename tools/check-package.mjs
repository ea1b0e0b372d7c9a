// @ts-check
// Checks one package as its users will get it: `node tools/check-package.mjs packages/NAME`.
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = resolve(process.argv[2] ?? ".");
const root = resolve(fileURLToPath(import.meta.url), "../..");
const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
/** @type {string[]} */
const problems = [];

/** @param {boolean} ok @param {string} message */
const expect = (ok, message) => {
  if (!ok) problems.push(message);
};

expect(manifest.license === "MIT", "license must be MIT");
expect(manifest.type === "module", "type must be module");
expect(manifest.engines?.node === ">=20.19", "engines.node must be >=20.19");
expect(manifest.publishConfig?.access === "public", "publishConfig.access must be public");
expect(!("provenance" in (manifest.publishConfig ?? {})), "provenance belongs to the release job, not to publishConfig");
for (const name of ["README.md", "LICENSE"]) expect(existsSync(join(folder, name)), `${name} is missing`);
if (existsSync(join(folder, "LICENSE"))) {
  expect(readFileSync(join(folder, "LICENSE"), "utf8") === readFileSync(join(root, "LICENSE"), "utf8"), "LICENSE differs from the repository's");
}
for (const [subpath, target] of Object.entries(manifest.exports)) {
  if (typeof target === "string") continue;
  expect(Object.keys(target).join() === "@llm/source,types,default", `exports["${subpath}"]: conditions must be @llm/source, types, default, in this order`);
  for (const path of Object.values(target)) expect(existsSync(join(folder, path)), `exports["${subpath}"]: ${path} does not exist`);
}
for (const path of Object.values(manifest.bin ?? {})) {
  try {
    accessSync(join(folder, path), constants.X_OK);
  } catch {
    problems.push(`bin ${path} is missing or not executable`);
  }
}
// Workspace siblings must be asked for by a range that their present version satisfies, else npm fetches another copy.
for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies })) {
  if (!name.startsWith("@llm/")) continue;
  const sibling = JSON.parse(readFileSync(join(root, "packages", name.slice(5), "package.json"), "utf8"));
  expect(range === `^${sibling.version}`, `${name} is asked for as ${range}, the workspace has ${sibling.version}`);
}

/** @param {string} bin @param {string[]} args */
const run = (bin, args) => {
  try {
    return execFileSync(process.execPath, [join(root, "node_modules", bin), ...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = /** @type {{stdout: string, stderr: string}} */ (error);
    problems.push(`${bin.split("/")[0]}: ${stdout}${stderr}`.trim());
    return "";
  }
};
const packed = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
const files = /** @type {{path: string, size: number}[]} */ (Array.isArray(packed) ? packed[0].files : Object.values(packed)[0].files);
for (const { path } of files) {
  expect(!/\.test\.|tsbuildinfo|goldens|(^|\/)\.tsbuild/.test(path), `${path} must not be published`);
}
expect(files.some(({ path }) => path.endsWith(".d.ts.map")), "declaration maps are missing from the package");
run("publint/src/cli.js", ["--strict"]);
run("@arethetypeswrong/cli/dist/index.js", ["--pack", ".", "--profile", "esm-only"]);

if (problems.length > 0) {
  process.stderr.write(`${manifest.name}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}\n`);
  process.exit(1);
}
process.stdout.write(`${manifest.name}: ${files.length} files, publint and attw content\n`);
