import { existsSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { BackendError } from "../errors.js";

/** An address in native memory. */
export type Pointer = bigint;
/** `TF_Output`: output `index` of the graph node `oper`. */
export interface GraphOutput {
  oper: Pointer;
  index: number;
}

type Native = (...args: never[]) => unknown;
type Async<F extends Native> = F & {
  async(...args: [...Parameters<F>, (error: Error | null, result: ReturnType<F>) => void]): void;
};

/**
 * The functions of TensorFlow's C API that the engine calls (tensorflow/c/c_api.h, c/eager/c_api.h, c/tf_tensor.h, c/tf_tstring.h).
 * Pointers are bigints; where C reads or writes an array, a typed array is passed and its memory is used in place.
 */
export interface CApi {
  TF_Version(): string;
  TF_NewStatus(): Pointer;
  TF_DeleteStatus(status: Pointer): void;
  TF_GetCode(status: Pointer): number;
  TF_Message(status: Pointer): string;

  TFE_NewContextOptions(): Pointer;
  TFE_ContextOptionsSetConfig(options: Pointer, proto: Uint8Array, length: number, status: Pointer): void;
  TFE_DeleteContextOptions(options: Pointer): void;
  TFE_NewContext(options: Pointer, status: Pointer): Pointer;
  TFE_DeleteContext(context: Pointer): void;
  TFE_ContextListDevices(context: Pointer, status: Pointer): Pointer;
  TFE_ContextAddFunction(context: Pointer, fn: Pointer, status: Pointer): void;
  TFE_ContextRemoveFunction(context: Pointer, name: string, status: Pointer): void;
  TF_DeviceListCount(list: Pointer): number;
  TF_DeviceListName(list: Pointer, index: number, status: Pointer): string;
  TF_DeviceListType(list: Pointer, index: number, status: Pointer): string;
  TF_DeleteDeviceList(list: Pointer): void;

  TF_AllocateTensor(dtype: number, dims: BigInt64Array, rank: number, bytes: number): Pointer;
  TF_DeleteTensor(tensor: Pointer): void;
  TF_TensorData(tensor: Pointer): Pointer;
  TF_TensorByteSize(tensor: Pointer): number | bigint;
  TF_StringInit(string: Pointer): void;
  TF_StringCopy(string: Pointer, bytes: Uint8Array, length: number): void;
  TF_StringGetDataPointer(string: Pointer): Pointer;
  TF_StringGetSize(string: Pointer): number | bigint;
  TF_StringDealloc(string: Pointer): void;

  TFE_NewTensorHandle(tensor: Pointer, status: Pointer): Pointer;
  TFE_DeleteTensorHandle(handle: Pointer): void;
  TFE_TensorHandleResolve(handle: Pointer, status: Pointer): Pointer;
  TFE_TensorHandleCopyToDevice(handle: Pointer, context: Pointer, device: string, status: Pointer): Pointer;
  TFE_TensorHandleNumDims(handle: Pointer, status: Pointer): number;
  TFE_TensorHandleDim(handle: Pointer, dim: number, status: Pointer): number | bigint;
  TFE_TensorHandleDataType(handle: Pointer): number;

  TFE_NewOp(context: Pointer, name: string, status: Pointer): Pointer;
  TFE_DeleteOp(op: Pointer): void;
  TFE_OpAddInput(op: Pointer, handle: Pointer, status: Pointer): void;
  TFE_OpSetAttrString(op: Pointer, name: string, value: string, length: number): void;
  TFE_OpSetAttrInt(op: Pointer, name: string, value: number): void;
  TFE_OpSetAttrIntList(op: Pointer, name: string, values: BigInt64Array, length: number): void;
  TFE_OpSetAttrFloat(op: Pointer, name: string, value: number): void;
  TFE_OpSetAttrFloatList(op: Pointer, name: string, values: Float32Array, length: number): void;
  TFE_OpSetAttrBool(op: Pointer, name: string, value: number): void;
  TFE_OpSetAttrBoolList(op: Pointer, name: string, values: Uint8Array, length: number): void;
  TFE_OpSetAttrType(op: Pointer, name: string, value: number): void;
  TFE_OpSetAttrShape(op: Pointer, name: string, dims: BigInt64Array, rank: number, status: Pointer): void;
  TFE_Execute: Async<(op: Pointer, outputs: BigUint64Array, count: Int32Array, status: Pointer) => void>;

  TF_NewGraph(): Pointer;
  TF_DeleteGraph(graph: Pointer): void;
  TF_NewOperation(graph: Pointer, type: string, name: string): Pointer;
  TF_FinishOperation(description: Pointer, status: Pointer): Pointer;
  TF_AddInput(description: Pointer, input: GraphOutput): void;
  TF_AddInputList(description: Pointer, inputs: readonly GraphOutput[], length: number): void;
  TF_SetAttrString(description: Pointer, name: string, value: string, length: number): void;
  TF_SetAttrInt(description: Pointer, name: string, value: number): void;
  TF_SetAttrIntList(description: Pointer, name: string, values: BigInt64Array, length: number): void;
  TF_SetAttrFloat(description: Pointer, name: string, value: number): void;
  TF_SetAttrFloatList(description: Pointer, name: string, values: Float32Array, length: number): void;
  TF_SetAttrBool(description: Pointer, name: string, value: number): void;
  TF_SetAttrBoolList(description: Pointer, name: string, values: Uint8Array, length: number): void;
  TF_SetAttrType(description: Pointer, name: string, value: number): void;
  TF_SetAttrShape(description: Pointer, name: string, dims: BigInt64Array, rank: number): void;
  TF_SetAttrTensor(description: Pointer, name: string, tensor: Pointer, status: Pointer): void;
  TF_OperationOutputType(output: GraphOutput): number;
  TF_GraphGetTensorNumDims(graph: Pointer, output: GraphOutput, status: Pointer): number;
  TF_GraphGetTensorShape(graph: Pointer, output: GraphOutput, dims: BigInt64Array, rank: number, status: Pointer): void;
  TF_GraphToFunction(
    graph: Pointer, name: string, appendHash: number, operCount: number, opers: null, inputCount: number, inputs: readonly GraphOutput[],
    outputCount: number, outputs: readonly GraphOutput[], outputNames: null, options: null, description: null, status: Pointer,
  ): Pointer;
  TF_DeleteFunction(fn: Pointer): void;

  // Variables that are updated in place need these; without them their new values are results like others.
  TF_AddControlInput?(description: Pointer, input: Pointer): void;
  TF_GraphSetTensorShape?(graph: Pointer, output: GraphOutput, dims: BigInt64Array, rank: number, status: Pointer): void;
  TF_GraphToFunctionWithControlOutputs?(
    graph: Pointer, name: string, appendHash: number, operCount: number, opers: BigUint64Array, inputCount: number, inputs: readonly GraphOutput[],
    outputCount: number, outputs: readonly GraphOutput[], outputNames: null, controlCount: number, controls: BigUint64Array, controlNames: null,
    options: null, description: null, status: Pointer,
  ): Pointer;

  memcpy(to: Pointer | ArrayBufferView, from: Pointer | ArrayBufferView, bytes: number): unknown;
}

const PROTOTYPES: Record<Exclude<keyof CApi, "memcpy">, string> = {
  TF_Version: "const char* TF_Version()",
  TF_NewStatus: "void* TF_NewStatus()",
  TF_DeleteStatus: "void TF_DeleteStatus(void*)",
  TF_GetCode: "int TF_GetCode(void*)",
  TF_Message: "const char* TF_Message(void*)",
  TFE_NewContextOptions: "void* TFE_NewContextOptions()",
  TFE_ContextOptionsSetConfig: "void TFE_ContextOptionsSetConfig(void*, const void*, size_t, void*)",
  TFE_DeleteContextOptions: "void TFE_DeleteContextOptions(void*)",
  TFE_NewContext: "void* TFE_NewContext(void*, void*)",
  TFE_DeleteContext: "void TFE_DeleteContext(void*)",
  TFE_ContextListDevices: "void* TFE_ContextListDevices(void*, void*)",
  TFE_ContextAddFunction: "void TFE_ContextAddFunction(void*, void*, void*)",
  TFE_ContextRemoveFunction: "void TFE_ContextRemoveFunction(void*, const char*, void*)",
  TF_DeviceListCount: "int TF_DeviceListCount(void*)",
  TF_DeviceListName: "const char* TF_DeviceListName(void*, int, void*)",
  TF_DeviceListType: "const char* TF_DeviceListType(void*, int, void*)",
  TF_DeleteDeviceList: "void TF_DeleteDeviceList(void*)",
  TF_AllocateTensor: "void* TF_AllocateTensor(int, const void*, int, size_t)",
  TF_DeleteTensor: "void TF_DeleteTensor(void*)",
  TF_TensorData: "void* TF_TensorData(void*)",
  TF_TensorByteSize: "size_t TF_TensorByteSize(void*)",
  TF_StringInit: "void TF_StringInit(void*)",
  TF_StringCopy: "void TF_StringCopy(void*, const void*, size_t)",
  TF_StringGetDataPointer: "void* TF_StringGetDataPointer(void*)",
  TF_StringGetSize: "size_t TF_StringGetSize(void*)",
  TF_StringDealloc: "void TF_StringDealloc(void*)",
  TFE_NewTensorHandle: "void* TFE_NewTensorHandle(void*, void*)",
  TFE_DeleteTensorHandle: "void TFE_DeleteTensorHandle(void*)",
  TFE_TensorHandleResolve: "void* TFE_TensorHandleResolve(void*, void*)",
  TFE_TensorHandleCopyToDevice: "void* TFE_TensorHandleCopyToDevice(void*, void*, const char*, void*)",
  TFE_TensorHandleNumDims: "int TFE_TensorHandleNumDims(void*, void*)",
  TFE_TensorHandleDim: "int64_t TFE_TensorHandleDim(void*, int, void*)",
  TFE_TensorHandleDataType: "int TFE_TensorHandleDataType(void*)",
  TFE_NewOp: "void* TFE_NewOp(void*, const char*, void*)",
  TFE_DeleteOp: "void TFE_DeleteOp(void*)",
  TFE_OpAddInput: "void TFE_OpAddInput(void*, void*, void*)",
  TFE_OpSetAttrString: "void TFE_OpSetAttrString(void*, const char*, const char*, size_t)",
  TFE_OpSetAttrInt: "void TFE_OpSetAttrInt(void*, const char*, int64_t)",
  TFE_OpSetAttrIntList: "void TFE_OpSetAttrIntList(void*, const char*, const void*, int)",
  TFE_OpSetAttrFloat: "void TFE_OpSetAttrFloat(void*, const char*, float)",
  TFE_OpSetAttrFloatList: "void TFE_OpSetAttrFloatList(void*, const char*, const void*, int)",
  TFE_OpSetAttrBool: "void TFE_OpSetAttrBool(void*, const char*, uint8_t)",
  TFE_OpSetAttrBoolList: "void TFE_OpSetAttrBoolList(void*, const char*, const void*, int)",
  TFE_OpSetAttrType: "void TFE_OpSetAttrType(void*, const char*, int)",
  TFE_OpSetAttrShape: "void TFE_OpSetAttrShape(void*, const char*, const void*, int, void*)",
  TFE_Execute: "void TFE_Execute(void*, void*, void*, void*)",
  TF_NewGraph: "void* TF_NewGraph()",
  TF_DeleteGraph: "void TF_DeleteGraph(void*)",
  TF_NewOperation: "void* TF_NewOperation(void*, const char*, const char*)",
  TF_FinishOperation: "void* TF_FinishOperation(void*, void*)",
  TF_AddInput: "void TF_AddInput(void*, TF_Output)",
  TF_AddInputList: "void TF_AddInputList(void*, const TF_Output*, int)",
  TF_SetAttrString: "void TF_SetAttrString(void*, const char*, const char*, size_t)",
  TF_SetAttrInt: "void TF_SetAttrInt(void*, const char*, int64_t)",
  TF_SetAttrIntList: "void TF_SetAttrIntList(void*, const char*, const void*, int)",
  TF_SetAttrFloat: "void TF_SetAttrFloat(void*, const char*, float)",
  TF_SetAttrFloatList: "void TF_SetAttrFloatList(void*, const char*, const void*, int)",
  TF_SetAttrBool: "void TF_SetAttrBool(void*, const char*, uint8_t)",
  TF_SetAttrBoolList: "void TF_SetAttrBoolList(void*, const char*, const void*, int)",
  TF_SetAttrType: "void TF_SetAttrType(void*, const char*, int)",
  TF_SetAttrShape: "void TF_SetAttrShape(void*, const char*, const void*, int)",
  TF_SetAttrTensor: "void TF_SetAttrTensor(void*, const char*, void*, void*)",
  TF_OperationOutputType: "int TF_OperationOutputType(TF_Output)",
  TF_GraphGetTensorNumDims: "int TF_GraphGetTensorNumDims(void*, TF_Output, void*)",
  TF_GraphGetTensorShape: "void TF_GraphGetTensorShape(void*, TF_Output, void*, int, void*)",
  TF_GraphToFunction:
    "void* TF_GraphToFunction(void*, const char*, uint8_t, int, void*, int, const TF_Output*, int, const TF_Output*, void*, void*, const char*, void*)",
  TF_DeleteFunction: "void TF_DeleteFunction(void*)",
  TF_AddControlInput: "void TF_AddControlInput(void*, void*)",
  TF_GraphSetTensorShape: "void TF_GraphSetTensorShape(void*, TF_Output, const void*, int, void*)",
  TF_GraphToFunctionWithControlOutputs:
    "void* TF_GraphToFunctionWithControlOutputs(void*, const char*, uint8_t, int, const void*, int, const TF_Output*, int, const TF_Output*, void*, int, const void*, void*, void*, const char*, void*)",
};

/** Functions that a build of TensorFlow may lack. */
const OPTIONAL: ReadonlySet<string> = new Set(["TF_AddControlInput", "TF_GraphSetTensorShape", "TF_GraphToFunctionWithControlOutputs"]);

/** File names inside a library folder, the one that others depend on first. */
export interface LibraryFiles {
  framework: string;
  library: string;
}

// Wheels ship libtensorflow_cc and libtensorflow_framework, tarballs libtensorflow and libtensorflow_framework.
const LAYOUTS: readonly LibraryFiles[] =
  process.platform === "darwin"
    ? [
        { framework: "libtensorflow_framework.2.dylib", library: "libtensorflow_cc.2.dylib" },
        { framework: "libtensorflow_framework.2.dylib", library: "libtensorflow.2.dylib" },
      ]
    : [
        { framework: "libtensorflow_framework.so.2", library: "libtensorflow_cc.so.2" },
        { framework: "libtensorflow_framework.so.2", library: "libtensorflow.so.2" },
      ];

/** The pair of libraries in `folder`, as full paths. @throws BackendError "library" that names the files it looked for. */
export function findLibraryFiles(folder: string): LibraryFiles {
  for (const { framework, library } of LAYOUTS) {
    const files = { framework: join(folder, framework), library: join(folder, library) };
    if (existsSync(files.framework) && existsSync(files.library)) return files;
  }
  const wanted = LAYOUTS.map((files) => `${files.library} + ${files.framework}`).join(", or ");
  throw new BackendError("library", `No libtensorflow in ${folder}: expected ${wanted}. Run \`llm-backend install\`, or set LLM_LIBTENSORFLOW to a folder that has them.`);
}

const loaded = new Map<string, CApi>();

/**
 * Loads libtensorflow and binds its functions. A library is loaded once per process and never unloaded: its threads outlive any context.
 * @throws BackendError "library" when it can't be loaded, or lacks a function.
 */
export function loadLibrary(files: LibraryFiles): CApi {
  const known = loaded.get(files.library);
  if (known) return known;
  const api = bind(files);
  loaded.set(files.library, api);
  return api;
}

// dlopen's flags: <dlfcn.h> of glibc and musl, and of macOS.
const RTLD = process.platform === "darwin" ? { LAZY: 1, GLOBAL: 8, NODELETE: 0x80 } : { LAZY: 1, GLOBAL: 0x100, NODELETE: 0x1000 };

function bind(files: LibraryFiles): CApi {
  // XLA compiles on the calling thread; koffi's default stacks (2 MiB, 128 KiB for asynchronous calls) are too small for that.
  // They can only be set before koffi's first call.
  try {
    koffi.config({ ...koffi.config(), sync_stack_size: 16 << 20, async_stack_size: 16 << 20 });
  } catch {
    // Somebody else in this process uses koffi already: its stacks stay as they are.
  }
  try {
    const self = koffi.load(null);
    // Without NODELETE the library would be unloaded at exit while its threads run: the process would end with a segmentation fault.
    const dlopen = self.func("void* dlopen(const char*, int)") as (path: string, flags: number) => Pointer | null;
    for (const path of [files.framework, files.library]) dlopen(path, RTLD.LAZY | RTLD.GLOBAL | RTLD.NODELETE);
    koffi.load(files.framework, { lazy: true, global: true });
    const library = koffi.load(files.library, { lazy: true, global: true });
    try {
      koffi.struct("TF_Output", { oper: "void*", index: "int" });
    } catch {
      // Named types are per process: it exists since another library was bound.
    }
    const functions: Record<string, unknown> = {};
    for (const [name, prototype] of Object.entries(PROTOTYPES)) {
      try {
        functions[name] = library.func(prototype);
      } catch (error) {
        if (!OPTIONAL.has(name)) throw error;
      }
    }
    functions["memcpy"] = self.func("void* memcpy(void*, const void*, size_t)");
    return functions as unknown as CApi;
  } catch (cause) {
    throw new BackendError(
      "library",
      `Can't load ${files.library}: ${(cause as Error).message}. It must be a libtensorflow 2 for ${process.platform}-${process.arch}; \`llm-backend install\` fetches one.`,
      { cause },
    );
  }
}
