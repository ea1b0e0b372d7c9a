import { project } from "../tools/vitest.mjs";

export default project({
  include: ["distributed/**/*.test.mjs"],
  testTimeout: 300_000,
  // Ray is fetched once.
  hookTimeout: 600_000,
  fileParallelism: false,
  reporters: ["default", ["json", { outputFile: "reports/vitest-distributed.json" }]],
});
