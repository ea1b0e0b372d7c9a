import { lib } from "../../tools/tsup.mjs";

export default lib({index: "src/index.ts", core: "src/core.ts", "corpus": "src/corpus.ts", worker: "src/corpus/threads/worker.ts", cli: "src/cli.ts"});
