import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** How the Hub is reached, as its own environment variables say. */
export interface HubEnvironment {
  /** Where the Hub or a mirror of it is, without a "/" at the end (HF_ENDPOINT). */
  endpoint: string;
  /** The access token (HF_TOKEN, else the file HF_TOKEN_PATH); it is sent to `endpoint` alone. */
  token: string | undefined;
  /** The Hub's own cache (HF_HUB_CACHE): files that another program fetched are taken from there. */
  cache: string;
  /** No request may be made (HF_HUB_OFFLINE). */
  offline: boolean;
  /** Milliseconds without a byte after which a connection counts as broken (HF_HUB_DOWNLOAD_TIMEOUT, in seconds). */
  timeout: number;
}

const DEFAULT_TIMEOUT = 30_000;
const isSet = (value: string | undefined): value is string => value !== undefined && value !== "";
const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? "");

function tokenOf(env: NodeJS.ProcessEnv, home: string): string | undefined {
  const direct = (env.HF_TOKEN ?? env.HUGGING_FACE_HUB_TOKEN ?? "").trim();
  if (direct !== "") return direct;
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  try {
    const token = readFileSync(isSet(env.HF_TOKEN_PATH) ? env.HF_TOKEN_PATH : join(home, "token"), "utf8").trim();
    return token === "" ? undefined : token;
  } catch {
    return undefined; // nobody logged in on this machine
  }
}

/**
 * Reads the environment variables of the Hub's own programs: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE,
 * HF_HUB_OFFLINE, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_DOWNLOAD_TIMEOUT, XDG_CACHE_HOME
 * (huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
 */
export function hubEnvironment(env: NodeJS.ProcessEnv = process.env): HubEnvironment {
  const cacheHome = isSet(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  const home = isSet(env.HF_HOME) ? env.HF_HOME : join(cacheHome, "huggingface");
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return {
    endpoint: (isSet(env.HF_ENDPOINT) ? env.HF_ENDPOINT : "https://huggingface.co").replace(/\/+$/, ""),
    token: tokenOf(env, home),
    cache: env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub"),
    offline: isTrue(env.HF_HUB_OFFLINE),
    timeout: seconds > 0 ? seconds * 1_000 : DEFAULT_TIMEOUT,
  };
}

/** The folder in which fetched files are kept: $LLM_CACHE or ~/.cache/llm. */
export const cacheFolder = (): string => process.env.LLM_CACHE ?? join(homedir(), ".cache", "llm");
