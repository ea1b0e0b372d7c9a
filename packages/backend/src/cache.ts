import { homedir } from "node:os";
import { join } from "node:path";

/** The TensorFlow that `llm-backend install` takes when none is named. */
export const DEFAULT_TENSORFLOW = "2.21.0";

/** Where downloads are kept: LLM_CACHE, or ~/.cache/llm. */
export const cacheFolder = (): string => process.env["LLM_CACHE"] || join(homedir(), ".cache", "llm");

/** The folder that holds each installed libtensorflow. */
export const librariesFolder = (): string => join(cacheFolder(), "libtensorflow");

/** The folder of one version, such as `2.21.0-linux-x64`. */
export const libraryFolder = (version: string): string => join(librariesFolder(), `${version}-${process.platform}-${process.arch}`);
