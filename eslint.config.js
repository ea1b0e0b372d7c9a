// @ts-check
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import js from "@eslint/js";
import tseslint from "typescript-eslint";

/**
 * The import arrows of docs/architecture.md come from each package's own dependencies: what package.json does not name
 * can't be imported, siblings are reached by name only, and some dependencies have one owner.
 */
const OWNERS = /** @type {const} */ ([
  { pattern: "^msgpackr$", owner: "dataset", why: "the shard format has one owner, @llm/dataset" },
  { pattern: "^koffi$", owner: "backend", why: "native libraries are bound in @llm/backend only" },
  { pattern: "^@tensorflow/tfjs-(node|node-gpu|backend-.*)(/|$)", owner: "backend", why: "engines are opened in @llm/backend only; use tfjs-core" },
  { pattern: "^@tensorflow/tfjs$", owner: "nobody", why: "depend on @tensorflow/tfjs-core" },
]);

// A package's own `npm run lint` reads this file from another folder.
const folder = join(import.meta.dirname, "packages");
const packages = readdirSync(folder).filter((name) => !name.startsWith("."));

const arrows = packages.map((name) => {
  const manifest = JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8"));
  const allowed = [name, "cli-kit", ...Object.keys(manifest.dependencies ?? {}).filter((key) => key.startsWith("@llm/")).map((key) => key.slice(5))];
  const foreign = OWNERS.filter((rule) => rule.owner !== name);
  const siblings = packages.filter((other) => other !== name).join("|");
  return {
    files: [`packages/${name}/src/**/*.ts`],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: `^@llm/(?!(${allowed.join("|")})(/|$))`, message: `@llm/${name} may import only ${allowed.map((key) => `@llm/${key}`).join(", ")}.` },
            { regex: `^(\\.\\./)+(${siblings})/`, message: "Import siblings by their package name." },
            ...foreign.map((rule) => ({ regex: rule.pattern, message: `${rule.why}.` })),
          ],
        },
      ],
      "no-restricted-syntax": [
        "error",
        ...foreign.map((rule) => ({
          selector: `:matches(ImportExpression[source.value=/${rule.pattern.replaceAll("/", "\\u002F")}/], CallExpression[callee.name=/^require/][arguments.0.value=/${rule.pattern.replaceAll("/", "\\u002F")}/])`,
          message: `${rule.why}.`,
        })),
        { selector: "ExportAllDeclaration", message: "List exports by name." },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ["**/dist/**", "**/.tsbuild/**", "**/node_modules/**", "**/reports/**", "**/out/**", ".nx/**", "**/*.cjs"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: {
      globals: Object.fromEntries(
        ["process", "console", "Buffer", "URL", "performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "fetch", "AbortController", "AbortSignal", "TextEncoder", "TextDecoder", "document", "window", "navigator", "structuredClone", "WebAssembly", "Response", "Request", "ReadableStream"].map((name) => [name, "readonly"]),
      ),
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "no-restricted-exports": "off",
      eqeqeq: ["error", "smart"],
    },
  },
  // Libraries return values and events; only a command line prints or exits.
  {
    files: ["packages/*/src/**/*.ts"],
    ignores: ["packages/*/src/cli.ts", "packages/*/src/cli/**", "**/*.test.ts"],
    rules: { "no-console": "error", "no-restricted-properties": ["error", { object: "process", property: "exit", message: "Only a command line exits." }, { object: "process", property: "stdout", message: "Only a command line prints." }] },
  },
  ...arrows,
);
