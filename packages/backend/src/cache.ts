import { homedir } from "node:os";
import { join } from "node:path";

/** The TensorFlow that `llm-backend install` takes when none is named. */
export const DEFAULT_TENSORFLOW = "2.21.0";

/** Where downloads are kept: LLM_CACHE, or ~/.cache/llm. */
export const cacheFolder = (): string => process.env["LLM_CACHE"] || join(homedir(), ".cache", "llm");

/** The folder that holds each installed libtensorflow. */
export const librariesFolder = (): string => join(cacheFolder(), "libtensorflow");

/** The folder of one version, such as `2.21.0-linux-x64`, or `2.21.0-gpu-linux-x64` for the build with CUDA and NVIDIA's libraries. */
export const libraryFolder = (version: string, gpu = false): string => join(librariesFolder(), `${version}${gpu ? "-gpu" : ""}-${process.platform}-${process.arch}`);
