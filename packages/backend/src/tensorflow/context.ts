import type { CApi, Pointer } from "./c-api.js";
import { Status } from "./status.js";

/** Settings of a TensorFlow context. */
export interface ContextOptions {
  /** Threads of the pool that runs one op (and XLA's loops); default: TensorFlow's, one per core. */
  threads?: number;
  /** "cpu" hides every GPU; "auto" (default) takes the first one if the library can. */
  device?: "auto" | "cpu";
}

/**
 * ConfigProto (tensorflow/core/protobuf/config.proto) by hand; the few fields that matter here:
 * device_count = 1 (map), intra_op_parallelism_threads = 2, inter_op_parallelism_threads = 5, gpu_options = 6 { allow_growth = 4 }.
 */
export function configProto({ threads, device = "auto" }: ContextOptions): Uint8Array {
  const bytes: number[] = [];
  if (device === "cpu") bytes.push(0x0a, 7, 0x0a, 3, ...Buffer.from("GPU"), 0x10, 0);
  if (threads !== undefined) bytes.push(0x10, ...varint(threads), 0x28, ...varint(threads));
  bytes.push(0x32, 2, 0x20, 1); // take GPU memory as it is needed, not all at once
  return Uint8Array.from(bytes);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** An eager context of TensorFlow (`TFE_Context`) and its devices. */
export class Context {
  readonly pointer: Pointer;
  readonly status: Status;
  /** Full name of the first GPU, or undefined. */
  readonly gpu: string | undefined;
  readonly #api: CApi;

  /** @throws TensorFlowError when TensorFlow refuses the settings. */
  constructor(api: CApi, options: ContextOptions) {
    this.#api = api;
    this.status = new Status(api);
    const contextOptions = api.TFE_NewContextOptions();
    try {
      const config = configProto(options);
      api.TFE_ContextOptionsSetConfig(contextOptions, config, config.length, this.status.pointer);
      this.status.check("setting the options of a context");
      this.pointer = api.TFE_NewContext(contextOptions, this.status.pointer);
      this.status.check("opening a context");
    } finally {
      api.TFE_DeleteContextOptions(contextOptions);
    }
    this.gpu = this.#firstGpu();
  }

  #firstGpu(): string | undefined {
    const api = this.#api;
    const list = api.TFE_ContextListDevices(this.pointer, this.status.pointer);
    this.status.check("listing devices");
    try {
      for (let i = 0; i < api.TF_DeviceListCount(list); i++) {
        if (api.TF_DeviceListType(list, i, this.status.pointer) === "GPU") return api.TF_DeviceListName(list, i, this.status.pointer);
      }
      return undefined;
    } finally {
      api.TF_DeleteDeviceList(list);
    }
  }

  dispose(): void {
    this.#api.TFE_DeleteContext(this.pointer);
    this.status.dispose();
  }
}
