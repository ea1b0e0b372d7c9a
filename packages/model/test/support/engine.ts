import * as tf from "@tensorflow/tfjs-core";

/**
 * Sets the engine that the tests run on: tfjs's plain CPU backend, or with LLM_TEST_ENGINE=tensorflow (or tensorflow-gpu,
 * wasm) an engine of @llm/backend, which this package does not depend on.
 */
export async function openTestEngine(): Promise<string> {
  const wanted = process.env["LLM_TEST_ENGINE"];
  if (wanted === undefined) {
    await import("@tensorflow/tfjs-backend-cpu");
    await tf.setBackend("cpu");
    return "cpu";
  }
  const backend = "@llm/backend";
  const { openEngine } = (await import(/* @vite-ignore */ backend)) as { openEngine: (options: { prefer: string }) => Promise<{ name: string }> };
  const engine = await openEngine({ prefer: wanted });
  if (engine.name !== wanted) throw new Error(`LLM_TEST_ENGINE asks for ${wanted}, this machine opened ${engine.name}.`);
  return engine.name;
}
