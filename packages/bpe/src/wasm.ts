/** A global number that a module exports. */
export interface WasmGlobal<N extends number | bigint = number> {
  value: N;
}

/** A memory that a module exports. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Bytes of a page of memory. */
export const PAGE = 1 << 16;

interface Engine {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports?: object) => { readonly exports: unknown };
}

/** A WebAssembly module, compiled when it is first needed. */
export class WasmModule<Exports> {
  /** Null where it can't be compiled. */
  private module: object | null | undefined;

  /** @param source The module in base64. */
  constructor(private readonly source: string) {}

  /** What a new instance exports; undefined where the engine has no WebAssembly, or not all that the module needs, or a page's policy forbids it. */
  instance(imports?: object): Exports | undefined {
    // The types of Node leave WebAssembly to those of browsers.
    const { WebAssembly: engine } = globalThis as unknown as { WebAssembly?: Engine };
    if (!engine || this.module === null) return undefined;
    try {
      this.module ??= new engine.Module(Uint8Array.from(atob(this.source), (character) => character.charCodeAt(0)));
      return new engine.Instance(this.module, imports).exports as Exports;
    } catch {
      this.module ??= null;
      return undefined;
    }
  }
}
