import { fileURLToPath } from "node:url";

// The folder of this package's own code: src, or dist where it is bundled.
const here = fileURLToPath(import.meta.url);
const OWN = /^(.*[\\/](?:src|dist)[\\/])/.exec(here)?.[1] ?? here;

const isOwn = (file: string): boolean => file.startsWith(OWN) && !/\.test\.[cm]?[jt]s/.test(file);

/**
 * The line of the user's code that runs at present, as ` (at file:line:column)`: the innermost one outside TensorFlow.js, this package and
 * Node. Empty when there is none.
 */
export function userLine(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100; // gradients and optimizers lie deep in TensorFlow.js
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  for (const frame of stack.split("\n").slice(1)) {
    const place = /(?:\(|at (?:async )?)((?:file:\/\/)?[^()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
    if (place === undefined || /[\\/]@tensorflow[\\/]|^node:/.test(place)) continue;
    const file = place.startsWith("file:") ? fileURLToPath(place.replace(/:\d+:\d+$/, "")) + /:\d+:\d+$/.exec(place)![0] : place;
    if (!isOwn(file)) return ` (at ${file})`;
  }
  return "";
}
