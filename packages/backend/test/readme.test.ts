import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import * as backend from "@llm/backend";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);

/** Runs an example as a program would be: its imports are given to it, what it prints is returned. */
async function run(code: string): Promise<string[]> {
  const printed: string[] = [];
  const log = (...values: unknown[]): void => void printed.push(values.map(String).join(" "));
  const body = code.replace(/^import .*;\n/gm, "");
  const given = { ...backend, tf, console: { log } };
  const names = Object.keys(given).filter((name) => !new RegExp(`const \\{[^}]*\\b${name}\\b[^}]*\\} =`).test(body));
  const AsyncFunction = (async () => undefined).constructor as new (...parameters: string[]) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction(...names, body)(...names.map((name) => given[name as keyof typeof given]));
  return printed;
}

test("the examples of the README do what it says", async () => {
  expect(examples).toHaveLength(3);
  const engine = await backend.openEngine({ prefer: "tensorflow" });
  tf.setBackend("tensorflow");

  const regression = await run(examples[0]!);
  expect(regression[0]).toMatch(/^tensorflow on CPU/);
  regression.at(-1)!.split(",").forEach((value, i) => expect(Number(value)).toBeCloseTo(i + 1, 2));

  const [eager, compiled] = (await run(examples[1]!)).map((line) => /^(\w+): ([\d.]+) ms a step$/.exec(line)!.slice(1)) as [string[], string[]];
  expect([eager[0], compiled[0]]).toEqual(["eager", "compiled"]);

  const kept = (await run(examples[2]!)).at(-1)!.split(",").map(Number);
  expect(kept).toHaveLength(16);
  for (const value of kept) expect(Math.min(Math.abs(value), Math.abs(value - 1 / 0.9))).toBeLessThan(1e-6);
  engine.dispose();
}, 60_000);
