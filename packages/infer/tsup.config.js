import { lib } from "../../tools/tsup.mjs";

export default lib(
  { index: "src/index.ts", cli: "src/cli.ts" },
  {
    // No command here shows a progress bar, so the kit's progress bar library is dropped instead of becoming a dependency.
    esbuildPlugins: [
      {
        name: "drop-unused-progress-bar",
        setup: (build) => build.onResolve({ filter: /^cli-progress$/ }, () => ({ path: "cli-progress", external: true, sideEffects: false })),
      },
    ],
  },
);
