import * as tf from "@tensorflow/tfjs-core";

// The model's building blocks, each with its own gradient. tfjs-core alone has no gradients registered (the whole of
// @tensorflow/tfjs does that), and its general ones are slow here: those of Sum and Mean upload an array of ones as large as
// their input, those of Slice and Gather copy more than needed. Nothing reads a tensor back, so all of it can be traced.

/** What a block computes, and how gradients go back through it. */
export interface Differentiable<R extends tf.Tensor> {
  value: R;
  /** One gradient for each input, each a tensor of its own: tfjs disposes of them separately. */
  gradient: (dy: R, saved: tf.Tensor[]) => tf.Tensor[];
}

/**
 * A typed `tf.customGrad`.
 *
 * @param run - Computes the value. What the gradient needs must go through `save`: everything else made on the way is freed
 *   before gradients are computed. Without a running gradient, `save` keeps nothing.
 */
export function differentiable<R extends tf.Tensor>(inputs: readonly tf.Tensor[], run: (save: (tensors: tf.Tensor[]) => void) => Differentiable<R>): R {
  const op = tf.customGrad((...args) => {
    const { value, gradient } = run(args[args.length - 1] as tf.GradSaveFunc);
    return { value, gradFunc: (dy, saved) => gradient(dy as R, saved) };
  });
  return op(...inputs) as R;
}

/** x Wᵀ for x [N, in] and W [out, in], as Hugging Face stores matrices: [N, out]. */
export function linear(x: tf.Tensor2D, weight: tf.Tensor): tf.Tensor2D {
  return differentiable([x, weight], (save) => {
    save([x, weight]);
    return {
      value: tf.matMul(x, weight as tf.Tensor2D, false, true),
      gradient: (dy, saved) => {
        const [x, weight] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [tf.matMul(dy, weight), tf.matMul(dy, x, true, false)];
      },
    };
  });
}

/** a + b of equal shapes. */
export function residual(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  return differentiable([a, b], () => ({ value: tf.add(a, b) as tf.Tensor2D, gradient: (dy) => [tf.clone(dy), tf.clone(dy)] }));
}

/** Rows [B·T, D] as [B, T, D]. */
export function unflatten(x: tf.Tensor2D, b: number, t: number): tf.Tensor3D {
  const shape = x.shape;
  return differentiable([x], () => ({ value: tf.reshape(x, [b, t, shape[1]]), gradient: (dy) => [tf.reshape(dy, shape)] }));
}

/** Splits rows [B·T, heads · D] into heads: [B, heads, T, D]. */
export function splitHeads(x: tf.Tensor2D, b: number, t: number, heads: number): tf.Tensor4D {
  const width = x.shape[1];
  return differentiable([x], () => ({
    value: tf.transpose(tf.reshape(x, [b, t, heads, width / heads]), [0, 2, 1, 3]),
    gradient: (dy) => [tf.reshape(tf.transpose(dy, [0, 2, 1, 3]), [b * t, width])],
  }));
}

/** The inverse of {@link splitHeads}: [B, heads, T, D] to rows [B·T, heads · D]. */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor2D {
  const [b, heads, t, d] = x.shape;
  return differentiable([x], () => ({
    value: tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [b * t, heads * d]) as tf.Tensor2D,
    gradient: (dy) => [tf.transpose(tf.reshape(dy, [b, t, heads, d]), [0, 2, 1, 3])],
  }));
}

/** Rows of the table [V, D] for ids [N] int32: [N, D]. */
export function embed(table: tf.Tensor, ids: tf.Tensor1D): tf.Tensor2D {
  const [rows] = table.shape as [number, number];
  return differentiable([table], (save) => {
    save([ids]);
    return {
      value: tf.gather(table as tf.Tensor2D, ids),
      gradient: (dy, [ids]) => [tf.unsortedSegmentSum(dy, ids as tf.Tensor1D, rows)],
    };
  });
}

/**
 * Root-mean-square norm over the last axis (Zhang & Sennrich 2019): y = w · x / sqrt(mean(x²) + eps).
 *
 * @param x - [N, D].
 * @param weight - [D].
 */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor, eps: number): tf.Tensor2D {
  return differentiable([x, weight], (save) => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps)); // [N, 1]
    save([x, weight, inverse]);
    return {
      value: tf.mul(tf.mul(x, inverse), weight) as tf.Tensor2D,
      gradient: (dy, saved) => {
        const [x, weight, inverse] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const normed = tf.mul(x, inverse);
        const dNormed = tf.mul(dy, weight);
        // The mean of the products is what the normalization takes away from each row's gradient.
        const along = tf.mean(tf.mul(dNormed, normed), -1, true);
        return [tf.mul(tf.sub(dNormed, tf.mul(normed, along)), inverse), tf.sum(tf.mul(dy, normed), 0)];
      },
    };
  });
}

/** SwiGLU (Shazeer 2020): silu(gate) · up, with silu(g) = g · sigmoid(g). Both [N, F]. */
export function swiGlu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return differentiable([gate, up], (save) => {
    save([gate, up]);
    return {
      value: tf.mul(tf.mul(gate, tf.sigmoid(gate)), up) as tf.Tensor2D,
      gradient: (dy, saved) => {
        const [gate, up] = saved as [tf.Tensor, tf.Tensor];
        const s = tf.sigmoid(gate);
        const silu = tf.mul(gate, s);
        // silu' = s + silu · (1 - s)
        const slope = tf.add(s, tf.sub(silu, tf.mul(silu, s)));
        return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, silu)];
      },
    };
  });
}
