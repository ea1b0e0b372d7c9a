// The main job at its smallest recipe: every stage through the real bins, then again, then cut off.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ok, run, temporaryFolder } from "../run.mjs";
import { root } from "../stages.mjs";

const out = temporaryFolder();
const start = (options = {}) => run(process.execPath, [`${root}/e2e/start.mjs`, "--recipe", "test", "--out", options.out ?? out.folder, "--no-chat"], { cwd: root, ...options });
const sha = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
let first;

beforeAll(async () => {
  first = await start();
});
afterAll(out.remove);

describe("npm start", () => {
  it("goes from nothing to replies", () => {
    expect(first.stderr).not.toContain("failed");
    expect(first.code).toBe(0);
    expect(first.stdout.match(/ {2}You: /g)?.length).toBeGreaterThan(3);
    expect(first.stdout.match(/ {2}Model: /g)?.length).toBe(first.stdout.match(/ {2}You: /g)?.length);
    expect(first.stderr).toMatch(/engine: (tensorflow|wasm|cpu)\S* on .+ - .+/);
  });

  it("leaves a Hugging Face model folder", () => {
    for (const name of ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]) {
      expect(existsSync(out.at("chat", name)), name).toBe(true);
    }
    expect(JSON.parse(readFileSync(out.at("chat", "config.json"), "utf8"))).toMatchObject({ architectures: ["LlamaForCausalLM"], max_position_embeddings: 1024 });
  });

  it("has learned something: the loss is well below that of guessing", async () => {
    const { stdout } = await ok("llm-trainer", ["eval", "--shards", out.at("shards"), "--run", out.at("base"), "--json"]);
    const result = JSON.parse(stdout);
    expect(result.loss).toBeLessThan(Math.log(512) - 0.5);
    expect(result.bitsPerByte).toBeGreaterThan(0);
  });

  it("reuses every stage when nothing changed", async () => {
    const again = await start();
    expect(again.code).toBe(0);
    expect(again.stderr.match(/: reused/g)?.length).toBe(7);
    expect(again.stdout).toBe(first.stdout);
  });

  it("goes on after kill -9 in the middle of training, to the very same weights", async () => {
    const other = temporaryFolder();
    try {
      const cut = await start({ out: other.folder, killWhen: () => existsSync(other.at("base", "model.safetensors")) });
      expect(cut.signal).toBe("SIGKILL");
      expect(existsSync(other.at("chat"))).toBe(false);
      const again = await start({ out: other.folder });
      expect(again.stderr).toContain("--resume");
      expect(again.code).toBe(0);
      expect(sha(other.at("chat", "model.safetensors"))).toBe(sha(out.at("chat", "model.safetensors")));
    } finally {
      other.remove();
    }
  });
});

describe("npm start's options", () => {
  it("refuses what it does not know with exit code 2", async () => {
    expect((await run(process.execPath, [`${root}/e2e/start.mjs`, "--recipe", "nonsense"])).code).toBe(2);
    expect((await run(process.execPath, [`${root}/e2e/start.mjs`, "--nonsense"])).code).toBe(2);
  });
});
