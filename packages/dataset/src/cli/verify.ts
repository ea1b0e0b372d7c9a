import { Command, addCommonOptions, createProgress, interruptible, printJson } from "@llm/cli-kit";
import { ShardError } from "../errors.js";
import { verifyShards } from "../shards/verify.js";
import { say } from "./common.js";

/** llm-dataset verify SHARDS|FILE */
export const verifyCommand = (): Command =>
  addCommonOptions(
    new Command("verify").description("Check every byte of a set of token shards, or of one shard, against its checksums, and name all that is damaged.").argument("<shards>", "folder with manifest.json, or a .msgpack file"),
  ).action(async (path: string, flags: { json?: boolean }) => {
    const progress = createProgress({ label: "verify", unit: "B" });
    const { ok, files, fingerprint } = await interruptible((signal) =>
      verifyShards(path, {
        signal,
        onProgress: (done, total) => {
          progress.setTotal(total);
          progress.update(done);
        },
      }),
    ).finally(() => progress.stop());
    const damaged = files.filter((file) => !file.ok);
    if (flags.json) printJson({ folder: path, ok, files: files.map(({ file }) => file), problems: Object.fromEntries(damaged.map(({ file, problems }) => [file, problems])), ...(fingerprint === undefined ? {} : { fingerprint }) });
    if (!ok) throw new ShardError(path, `${damaged.map(({ file, problems }) => `${file === path ? "" : `${file}: `}${problems.join("; ")}`).join("\n  ")}\n  Write the shards anew, or copy the damaged ones again.`);
    if (!flags.json) say(`${files.length} shards are whole: ${files.map(({ file }) => file).join(", ")}`);
  });
