// @ts-check
// The main job, `npm start`: from nothing to a chat with a language model that was trained on this machine.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Pipeline, StageError, root, runBin } from "./stages.mjs";
import { RECIPES } from "./recipes.mjs";

const HELP = `npm start -- [options]

Makes the sample corpus, prepares it, trains a tokenizer and a language model, shows its replies to prompts that were never in
the training data and, on a terminal, stays in a chat. Stages whose inputs did not change are reused; a run that was cut off goes on.

  --out DIR        where everything is written (default out)
  --recipe NAME    ${Object.keys(RECIPES).join(" | ")} (default: by the engine found)
  --seed N         seed of the corpus, the weights and the data order (default 1)
  --no-chat        end after the replies, also on a terminal
  --help           this text
`;

/** @param {string} text */
const say = (text) => process.stderr.write(`\n▸ ${text}\n`);

const main = async () => {
  /** @type {{ out: string, recipe?: string, seed: string, "no-chat": boolean, help: boolean }} */
  let options;
  try {
    options = /** @type {any} */ (parseArgs({ options: { out: { type: "string", default: "out" }, recipe: { type: "string" }, seed: { type: "string", default: "1" }, "no-chat": { type: "boolean", default: false }, help: { type: "boolean", default: false } } }).values);
  } catch (error) {
    process.stderr.write(`error: ${/** @type {Error} */ (error).message}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if ((options.recipe && !(options.recipe in RECIPES)) || !/^\d+$/.test(options.seed)) {
    process.stderr.write(`error: ${options.recipe && !(options.recipe in RECIPES) ? `unknown recipe ${options.recipe}` : `--seed wants a whole number, not ${options.seed}`}\n\n${HELP}`);
    return 2;
  }
  const started = Date.now();
  say("build: the packages, once");
  const built = spawnSync(process.execPath, [join(root, "node_modules/nx/dist/bin/nx.js"), "run-many", "-t", "build", "--outputStyle=static"], { cwd: root, encoding: "utf8" });
  if (built.status !== 0) {
    process.stderr.write(`${built.stdout}${built.stderr}\nerror: the build failed\n`);
    return 1;
  }

  let engine = await findEngine();
  if (!engine.name.startsWith("tensorflow") && !process.env.LLM_ENGINE) {
    say("engine: TensorFlow's library, where this machine can have it");
    // Not having it is no failure: the next line says which engine is used instead, and why.
    if ((await runBin("llm-backend", ["install"])).code === 0) engine = await findEngine();
  }
  say(`engine: ${engine.name} on ${engine.device} - ${engine.reason}`);

  const recipe = RECIPES[options.recipe ?? (engine.name.startsWith("tensorflow") ? "tensorflow" : "portable")];
  if (recipe.note) process.stderr.write(`  ${recipe.note}\n`);
  const folder = resolve(root, options.out);
  const at = (/** @type {string} */ name) => join(folder, name);
  const seed = ["--seed", options.seed];
  const pipeline = new Pipeline(folder, say);
  try {
    for (const stage of recipe.stages(at, seed)) await pipeline.run(stage);
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    return error.code;
  }

  say("replies to prompts that were never in the training data");
  const heldOut = JSON.parse(readFileSync(at("sample/held-out.json"), "utf8"));
  for (const prompt of pick(heldOut.prompts)) {
    process.stdout.write(`\n  You:   ${prompt.prompt}\n`);
    const { stdout: reply, code } = await runBin("llm-infer", ["chat", "--run", at("chat"), "--message", prompt.prompt, "--seed", options.seed], { capture: true, quiet: true });
    if (code !== 0) return code;
    process.stdout.write(`  Model: ${reply.trim()}\n`);
  }
  process.stderr.write(`\nThe model is in ${join(options.out, "chat")}; everything took ${Math.round((Date.now() - started) / 6000) / 10} minutes.\n`);
  if (!process.stdin.isTTY || !process.stdout.isTTY || options["no-chat"]) {
    process.stderr.write(`Talk to it with: npx llm-infer chat --run ${join(options.out, "chat")}\n`);
    return 0;
  }
  return (await runBin("llm-infer", ["chat", "--run", at("chat")])).code;
};

/** @returns {Promise<{ name: string, device: string, reason: string }>} The engine that the next stages will open. */
const findEngine = async () => {
  const { stdout, code } = await runBin("llm-backend", ["doctor", "--json"], { capture: true, quiet: true });
  if (code !== 0) throw new Error("llm-backend doctor failed; run it by hand to see why");
  return JSON.parse(stdout).engine;
};

/**
 * A handful of prompts, one of each kind first.
 * @param {{ prompt: string, kind: string }[]} prompts
 */
const pick = (prompts) => {
  /** @type {Map<string, { prompt: string, kind: string }>} */
  const kinds = new Map();
  for (const prompt of prompts) if (!kinds.has(prompt.kind)) kinds.set(prompt.kind, prompt);
  return [...kinds.values()].slice(0, 8);
};

process.exitCode = await main();
