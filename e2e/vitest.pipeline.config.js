import { project } from "../tools/vitest.mjs";

export default project({
  include: ["pipeline/**/*.test.js"],
  testTimeout: 900_000,
  hookTimeout: 900_000,
  fileParallelism: false,
  reporters: ["default", ["json", { outputFile: "reports/vitest-pipeline.json" }]],
});
