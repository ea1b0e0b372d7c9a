// @ts-check
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binPath } from "./stages.mjs";

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string }} Result */

/**
 * Runs a command to its end, with everything it wrote.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string, killWhen?: (stderr: string) => boolean }} [options] killWhen: SIGKILL to it and its children once this is true
 * @returns {Promise<Result>}
 */
export const run = (command, args, { cwd, env, input, killWhen } = {}) =>
  new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"], detached: true });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    // The whole process group, as a power cut would: the bins that the command started must not live on.
    const watch = killWhen && setInterval(() => killWhen(stderr) && child.pid && process.kill(-child.pid, "SIGKILL"), 20);
    child.stdin.on("error", () => {}); // the command may end without reading its input
    child.stdin.end(input ?? "");
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearInterval(watch);
      done({ code, signal, stdout, stderr });
    });
  });

/** Runs one of the packages' bins. @param {import("./stages.mjs").Bin} bin @param {string[]} args @param {Parameters<typeof run>[2]} [options] */
export const bin = (bin, args, options) => run(process.execPath, [binPath(bin), ...args], options);

/** Like {@link bin}, and fails with what the command wrote unless it exits with 0. @param {import("./stages.mjs").Bin} name @param {string[]} args @param {Parameters<typeof run>[2]} [options] */
export const ok = async (name, args, options) => {
  const result = await bin(name, args, options);
  if (result.code !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${result.code ?? result.signal}:\n${result.stderr}\n${result.stdout}`);
  return result;
};

/** A new empty folder, and what removes it. */
export const temporaryFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "llm-e2e-"));
  return { folder, at: (/** @type {string[]} */ ...names) => join(folder, ...names), remove: () => rmSync(folder, { recursive: true, force: true }) };
};
