import { MODULE } from "./module.js";

interface Global {
  readonly value: number;
}

/** What the module of wasm/ exports; each is described there. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly count: Global;
  readonly limit: Global;
  readonly replaced: Global;
  readonly to: Global;
  vocab(at: number, arena: number, entries: number, ids: number): number;
  index(entries: number, starts: number, ends: number, slots: number, mask: number): number;
  begin(merges: number, made: number, most: number): void;
  lines(at: number, end: number, scratch: number): number;
  list(at: number, scratch: number): number;
  ranks(slots: number, mask: number): void;
  skip(at: number): number;
}

interface Engine {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}

/** The compiled module; undefined before it is needed, null where the engine has no WebAssembly or a page's policy forbids it. */
let module: object | null | undefined;

/** A kernel with a memory of its own; undefined where there is none. */
export function newKernel(): Kernel | undefined {
  // The types of Node leave WebAssembly to those of browsers.
  const { WebAssembly: engine } = globalThis as unknown as { WebAssembly?: Engine };
  if (!engine || module === null) return undefined;
  try {
    module ??= new engine.Module(Uint8Array.from(atob(MODULE), (character) => character.charCodeAt(0)));
    return new engine.Instance(module).exports as Kernel;
  } catch {
    module ??= null;
    return undefined;
  }
}
