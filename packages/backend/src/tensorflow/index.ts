export { openTensorFlow, probeLibrary } from "./open.js";
export type { LibraryProbe, TensorFlowOptions } from "./open.js";
export { findLibraryFiles } from "./c-api.js";
export type { LibraryFiles } from "./c-api.js";
export { DEFAULT_ENVIRONMENT, applyEnvironment } from "./environment.js";
export { findKernelPackage, KERNEL_PACKAGES } from "./kernels.js";
export type { KernelPackage } from "./kernels.js";
export { TensorFlowError } from "./status.js";
