export { openEngine, type OpenEngineOptions } from "./open.js";
export { ENGINE_NAMES } from "./engine.js";
export type {
  AnyFunction,
  CompiledFunction,
  CompiledSignature,
  CompileMode,
  CompileOptions,
  ConsideredEngine,
  Engine,
  EngineMemory,
  EngineName,
  Nested,
  SignatureMemory,
} from "./engine.js";
export { BackendError, type BackendErrorCode } from "./errors.js";
export { statelessNormal, statelessUniform } from "./random.js";
export { locateLibraries, type LibraryPlace } from "./locate.js";
export { installTensorFlow, type Installed, type InstallOptions, type InstallProgress } from "./install/index.js";
export { tune, type Tuned, type TuneOptions } from "./tuning/index.js";
export { diagnose, type Diagnosis } from "./doctor/index.js";
