import { readFileSync } from "node:fs";
import { afterEach, expect, it, vi } from "vitest";
import { WasmModule } from "./wasm.js";
import { MODULE } from "./model/word-module.js";

afterEach(() => vi.unstubAllGlobals());

it.each(["load/module.ts", "model/word-module.ts"])("%s is what the files of wasm/ say", async (name) => {
  const { moduleSource } = (await import(new URL("../wasm/build.mjs", import.meta.url).href)) as { moduleSource: (name: string) => Promise<string> };
  expect(readFileSync(new URL(name, import.meta.url), "utf8")).toBe(await moduleSource(name));
});

it("makes no instance where there is no WebAssembly, none of what the module needs, or no leave", () => {
  const imports = { model: { scan: () => 0, slow: () => 0 } };
  const module = new WasmModule<{ run: unknown }>(MODULE);
  vi.stubGlobal("WebAssembly", undefined);
  expect(module.instance(imports)).toBeUndefined();
  vi.unstubAllGlobals();
  expect(module.instance(imports)?.run).toBeTypeOf("function");
  const refuse = function (): never {
    throw new EvalError("call to WebAssembly.Module() blocked by CSP");
  };
  vi.stubGlobal("WebAssembly", { Module: refuse });
  expect(new WasmModule(MODULE).instance(imports)).toBeUndefined();
  vi.unstubAllGlobals();
  expect(new WasmModule(MODULE.slice(0, -40)).instance(imports)).toBeUndefined();
});
