export { loadConfig, loadModel, type LoadedModel, saveModel } from "./folder.js";
export { readSafetensors, writeFileAtomic, writeSafetensors } from "./files.js";
