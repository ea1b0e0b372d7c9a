import { project } from "../tools/vitest.mjs";

export default project({
  include: ["pack/**/*.test.js"],
  testTimeout: 600_000,
  hookTimeout: 600_000,
  reporters: ["default", ["json", { outputFile: "reports/vitest-pack.json" }]],
});
