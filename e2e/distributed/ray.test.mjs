// A Ray cluster of two nodes on this machine: ranks run on both, one node is lost in the middle, and the result has the bytes of one process.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ok, run, temporaryFolder } from "../run.mjs";
import { binPath, root } from "../stages.mjs";
import { digests, writeInputs } from "./inputs.mjs";
import { Cluster, installRay } from "./ray.mjs";

const work = temporaryFolder();
const sockets = mkdtempSync(join(tmpdir(), "ray-"));
/** @type {Cluster} */
let cluster;
beforeAll(async () => {
  cluster = new Cluster(await installRay(), sockets);
  await writeInputs(work.at("in"), { files: 4, rows: 600 });
  // What the nodes call: it notes which node began which rank.
  writeFileSync(work.at("call.sh"), `echo "$LLM_TEST_NODE $*" >> "${work.at("calls")}"\nexec "$LLM_NODE_PROGRAM" "$@"\n`);
  writeFileSync(work.at("calls"), "");
  process.env.LLM_NODE_PROGRAM = process.execPath;
  await cluster.start("one");
  await cluster.start("two");
});
afterAll(() => {
  cluster?.stop();
  work.remove();
  rmSync(sockets, { recursive: true, force: true });
});

/** @param {"llm-dataset" | "llm-bpe"} name @param {string} plan @param {string[]} [more] */
const drive = (name, plan, more = []) => run(join(cluster.ray, "bin/python"), [join(root, "packages/dataset/drivers/ray_driver.py"), plan, "--address", cluster.address, "--command", `bash ${work.at("call.sh")} ${binPath(name)}`, "--json", ...more]);

/** The ranks that a node began, in their order. @param {string} [node] */
const began = (node) =>
  readFileSync(work.at("calls"), "utf8")
    .split("\n")
    .filter((line) => line.includes(" run-rank ") && (node === undefined || line.startsWith(`${node} `)))
    .map((line) => Number(/--rank (\d+)/.exec(line)?.[1]));

/** The ranks whose markers are there. @param {string} out */
const complete = (out) => {
  try {
    const partial = readdirSync(out).find((name) => name.startsWith(".partial-"));
    return partial ? readdirSync(join(out, partial, "completions")).filter((name) => !name.startsWith(".")).map((name) => Number(/rank-(\d+)/.exec(name)?.[1])) : [];
  } catch {
    return [];
  }
};

const SETTINGS = ["--filters", "fineweb", "--unit-size", "0.1"];

it("prepares on two nodes, loses one of them in the middle, and gives the bytes of one process", async () => {
  await ok("llm-dataset", ["prepare", work.at("in"), "--out", work.at("one"), "--workers", "1", ...SETTINGS]);
  const plan = work.at("prepare.json");
  await ok("llm-dataset", ["plan", "prepare", work.at("in"), "--out", work.at("ray"), "--ranks", "8", "--plan", plan, ...SETTINGS]);
  const driven = drive("llm-dataset", plan);
  let ended = false;
  void driven.then(() => (ended = true));
  // A node is lost while it works on a rank, when others are done already.
  /** @type {number | undefined} */
  let lost;
  while (!ended && lost === undefined) {
    await sleep(10);
    if (complete(work.at("ray")).length < 2) continue;
    cluster.pause("two");
    const done = complete(work.at("ray"));
    lost = began("two").find((rank) => !done.includes(rank));
    if (lost === undefined) cluster.resume("two");
  }
  cluster.kill("two");
  const result = await driven;
  expect(result.code, result.stderr).toBe(0);
  expect(lost, "no rank was under way on the second node").toBeDefined();
  expect(began("one")).toContain(lost);
  expect([...new Set(began())].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const { ranks, result: report } = JSON.parse(result.stdout);
  expect(ranks.map((/** @type {{ rank: number }} */ { rank }) => rank)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(report.rejected.duplicate).toBeGreaterThan(100);
  expect(digests(work.at("ray"))).toEqual(digests(work.at("one")));
});

it("tokenizes what it prepared into the shards of one process", async () => {
  const documents = work.at("one");
  const tokenizer = work.at("tokenizer.json");
  await ok("llm-bpe", ["train", documents, "--vocab-size", "400", "--out", tokenizer]);
  await ok("llm-bpe", ["tokenize", documents, "--tokenizer", tokenizer, "--out", work.at("shards-one"), "--threads", "0"]);
  const plan = work.at("tokenize.json");
  await ok("llm-bpe", ["plan", "tokenize", documents, "--tokenizer", tokenizer, "--out", work.at("shards-ray"), "--ranks", "3", "--plan", plan, "--unit-size", "0.5"]);
  const result = await drive("llm-bpe", plan);
  expect(result.code, result.stderr).toBe(0);
  expect(JSON.parse(result.stdout)).toMatchObject({ ranks: [{ rank: 0 }, { rank: 1 }, { rank: 2 }], result: { status: "written" } });
  expect(digests(work.at("shards-ray"))).toEqual(digests(work.at("shards-one")));
});

it("names the ranks that fail and why", async () => {
  const plan = work.at("failing.json");
  await ok("llm-dataset", ["plan", "prepare", work.at("in"), "--out", work.at("none"), "--ranks", "2", "--plan", plan]);
  writeFileSync(work.at("in/part-3.parquet"), "not what it was");
  const result = await drive("llm-dataset", plan, ["--retries", "0"]);
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/rank \d failed: .*part-3\.parquet is not as it was when the plan was made/s);
  expect(result.stderr).toMatch(/error: \d of \d ranks failed: /);
});
