import type * as tfcore from "@tensorflow/tfjs-core";

/**
 * The rate of a float32 matrix product of two n x n matrices: 2n^3 operations over the time of the fastest of some runs, in
 * 10^9 operations a second. Stops after about three seconds, so that plain JavaScript is measured in bearable time.
 */
export async function matmulRate(tf: typeof tfcore, n = 1024): Promise<number> {
  const a = tf.randomUniform([n, n]) as tfcore.Tensor2D;
  const b = tf.randomUniform([n, n]) as tfcore.Tensor2D;
  const product = async (): Promise<number> => {
    const started = performance.now();
    const c = tf.matMul(a, b);
    // Reading one number back waits for the product, on engines that run ahead of JavaScript too.
    const corner = tf.slice(c, [0, 0], [1, 1]);
    await corner.data();
    const seconds = (performance.now() - started) / 1000;
    tf.dispose([c, corner]);
    return seconds;
  };
  const started = performance.now();
  await product();
  let best = Infinity;
  for (let run = 0; run < 8 && (run === 0 || performance.now() - started < 3_000); run++) best = Math.min(best, await product());
  tf.dispose([a, b]);
  return (2 * n ** 3) / best / 1e9;
}
