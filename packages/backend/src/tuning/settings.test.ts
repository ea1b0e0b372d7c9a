import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTuning, writeTuning, type Tuning } from "./settings.js";

const old = process.env["LLM_CACHE"];
let folder = "";
let files = { framework: "", library: "" };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tuning-"));
  process.env["LLM_CACHE"] = join(folder, "cache");
  files = { framework: join(folder, "framework"), library: join(folder, "library") };
  writeFileSync(files.library, "a library");
});
afterEach(() => {
  if (old === undefined) delete process.env["LLM_CACHE"];
  else process.env["LLM_CACHE"] = old;
  rmSync(folder, { recursive: true, force: true });
});
const tuning: Tuning = { environment: { TF_ENABLE_ONEDNN_OPTS: "1" }, measured: [], date: "2026-01-01T00:00:00.000Z" };

describe("a tuning", () => {
  test("is found again for the same library, and not for another build of it", async () => {
    expect(readTuning(files)).toBeUndefined();
    const path = await writeTuning(files, tuning);
    expect(readTuning(files)).toEqual(tuning);
    expect(readdirSync(join(folder, "cache"))).toEqual(["tuning.json"]);
    utimesSync(files.library, 1, 1);
    expect(readTuning(files)).toBeUndefined();
    await writeTuning(files, { ...tuning, environment: {} });
    expect(Object.values(JSON.parse(readFileSync(path, "utf8")) as object)).toHaveLength(2);
  });

  test("that is damaged counts as none, and is replaced", async () => {
    mkdirSync(join(folder, "cache"));
    for (const text of ["{", "[]", "null"]) {
      writeFileSync(join(folder, "cache", "tuning.json"), text);
      expect(readTuning(files), text).toBeUndefined();
    }
    await writeTuning(files, tuning);
    expect(readTuning(files)).toEqual(tuning);
    await writeTuning(files, { ...tuning, environment: { XLA_FLAGS: 1 as never } });
    expect(readTuning(files)).toBeUndefined();
  });
});
