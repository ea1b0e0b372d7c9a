import { lib } from "../tsup.mjs";

export default lib({ index: "src/index.ts" });
