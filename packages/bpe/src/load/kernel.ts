import { WasmModule, type WasmGlobal, type WasmMemory } from "../wasm.js";
import { MODULE } from "./module.js";

/** What the module of wasm/state.wat and its parts exports; each is described there. */
export interface Kernel {
  readonly memory: WasmMemory;
  readonly count: Readonly<WasmGlobal>;
  readonly limit: Readonly<WasmGlobal>;
  readonly replaced: Readonly<WasmGlobal>;
  readonly to: Readonly<WasmGlobal>;
  vocab(at: number, arena: number, entries: number, ids: number): number;
  index(entries: number, starts: number, ends: number, slots: number, mask: number): number;
  begin(merges: number, made: number, most: number): void;
  lines(at: number, end: number, scratch: number): number;
  list(at: number, scratch: number): number;
  ranks(slots: number, mask: number, probes: number): number;
  skip(at: number): number;
}

const loading = new WasmModule<Kernel>(MODULE);

/** A kernel with a memory of its own; undefined where there is none. */
export const newKernel = (): Kernel | undefined => loading.instance();
