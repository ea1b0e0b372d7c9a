import { lib } from "../../tools/tsup.mjs";

export default lib({index: "src/index.ts", "corpus": "src/corpus.ts", cli: "src/cli.ts"});
