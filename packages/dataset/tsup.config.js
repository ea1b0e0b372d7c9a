import { lib } from "../../tools/tsup.mjs";

export default lib({index: "src/index.ts", cli: "src/cli.ts", "loader-worker": "src/loader/worker.ts", "dedupe-worker": "src/dedupe/worker.ts", "prepare-worker": "src/prepare/worker.ts"});
