/**
 * Registers the gradients of TensorFlow.js's operations. tfjs-core has them but registers none, and its main file for Node
 * leaves them out; the smallest published module that does register them is tfjs-layers (the TensorFlow engine gets them
 * with its kernels, from all of @tensorflow/tfjs). Call it when an engine is opened: it takes a tenth of a second.
 */
export async function registerGradients(): Promise<void> {
  await import("@tensorflow/tfjs-layers");
}
