import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration } from "./format.js";
import { createProgress } from "./progress.js";

it("counts, sizes and times are short", () => {
  expect([0, 999, 1000, 12_345, 1_234_567, 2e9, 0.1234].map(formatCount)).toEqual(["0", "999", "1.00k", "12.3k", "1.23M", "2.00G", "0.123"]);
  expect([0, 999, 1_234_567, 8.5e9].map(formatBytes)).toEqual(["0 B", "999 B", "1.23 MB", "8.50 GB"]);
  expect([0, 59.4, 59.6, 65, 3599, 3725, 86_400, Infinity, -1].map(formatDuration)).toEqual(["0s", "59s", "1m00s", "1m05s", "59m59s", "1h02m", "24h00m", "?", "?"]);
});

it("without a terminal a progress is plain lines, at most one for each interval, and a closing one", () => {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  const bar = createProgress({ label: "count", total: 10, unit: "rows", stream, plainEvery: 0 });
  bar.update(5, "half");
  bar.stop();
  const quiet = createProgress({ label: "quiet", stream, plainEvery: 60_000 });
  for (let i = 0; i < 100; i++) quiet.update(i);
  quiet.stop("ready");
  const lines = String((stream as unknown as PassThrough).read()).trim().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^count {8}5\/10 rows.* half$/);
  expect(lines[1]).toMatch(/^count {8}5\/10 rows in \d+s {2}half$/);
  expect(lines[2]).toMatch(/^quiet {8}99 in \d+s {2}ready$/);
});
