import { Command, addCommonOptions, createProgress, printJson } from "@llm/cli-kit";
import { openShards } from "../shards/reader.js";
import { SPLITS } from "../shards/types.js";
import { interruptible, say } from "./common.js";

/** llm-dataset verify SHARDS */
export const verifyCommand = (): Command =>
  addCommonOptions(new Command("verify").description("Check every byte of a set of token shards against its checksums.").argument("<shards>", "folder with manifest.json")).action(async (folder: string, flags: { json?: boolean }) => {
    const progress = createProgress({ label: "verify", unit: "B" });
    const { manifest } = await interruptible((signal) =>
      openShards(folder, {
        signal,
        cacheBytes: 0,
        onProgress: (done, total) => {
          progress.setTotal(total);
          progress.update(done);
        },
      }),
    ).finally(() => progress.stop());
    const files = SPLITS.flatMap((split) => manifest.splits[split].shards.map(({ file }) => file));
    if (flags.json) printJson({ folder, ok: true, files, fingerprint: manifest.fingerprint });
    else say(`${files.length} shards are whole: ${files.join(", ")}`);
  });
