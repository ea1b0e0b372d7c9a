import * as tf from "@tensorflow/tfjs-core";

/** One call of TensorFlow.js that runs the kernel it is named after, on float32 inputs of these shapes with values in [-1, 1). */
export interface KernelCase {
  shapes: number[][];
  fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** false where TensorFlow.js has no gradient. */
  gradient?: false;
}

type Op = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

const of = (shapes: number[][], fn: Op): KernelCase => ({ shapes, fn });
const value = (shapes: number[][], fn: Op): KernelCase => ({ shapes, fn, gradient: false });
const unary = (fn: (x: tf.Tensor) => tf.Tensor): KernelCase => of([[3, 4]], (x) => fn(x!));
const binary = (fn: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): KernelCase => of([[3, 4], [4]], (a, b) => fn(a!, b!));
const compare = (fn: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): KernelCase => value([[3, 4], [3, 4]], (a, b) => fn(a!, b!));

const int = (values: number[], shape = [values.length]): tf.Tensor => tf.tensor(values, shape, "int32");
const strings = (...values: string[]): tf.Tensor1D => tf.tensor1d(values, "string");
const positive = (x: tf.Tensor): tf.Tensor => tf.add(tf.square(x), 0.2);
const within = (x: tf.Tensor): tf.Tensor => tf.mul(x, 0.9);
const bool = (x: tf.Tensor): tf.Tensor => tf.greater(x, 0);
const whole = (x: tf.Tensor): tf.Tensor => tf.cast(tf.floor(tf.mul(x, 10)), "int32");
const BOXES = [[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0.5, 0.5, 0.9, 0.9]];

const parts = (x: tf.Tensor): tf.Tensor[] => [tf.real(x), tf.imag(x)];
const complex = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.complex(a, b);

/** Cases by the kernel that each is for; gradients bring their own kernels with them. */
export const KERNEL_CASES: Readonly<Record<string, KernelCase>> = {
  Abs: unary(tf.abs),
  Acos: unary((x) => tf.acos(within(x))),
  Acosh: unary((x) => tf.acosh(tf.add(x, 3))),
  Add: binary(tf.add),
  AddN: of([[3], [3], [3]], (...xs) => tf.addN(xs)),
  All: value([[3, 4]], (x) => tf.all(bool(x!), 1)),
  Any: value([[3, 4]], (x) => tf.any(bool(x!), 0)),
  ArgMax: value([[3, 4]], (x) => tf.argMax(x!, 1)),
  ArgMin: value([[3, 4]], (x) => tf.argMin(x!, 0)),
  Asin: unary((x) => tf.asin(within(x))),
  Asinh: unary(tf.asinh),
  Atan: unary(tf.atan),
  Atan2: of([[3, 4], [3, 4]], (a, b) => tf.atan2(a!, positive(b!))),
  Atanh: unary((x) => tf.atanh(within(x))),
  AvgPool: of([[1, 6, 6, 2]], (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "same")),
  AvgPool3D: of([[1, 4, 4, 4, 1]], (x) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, "valid")),
  BatchMatMul: of([[2, 3, 4], [2, 5, 4]], (a, b) => tf.matMul(a!, b!, false, true)),
  BatchToSpaceND: of([[4, 2, 2, 1]], (x) => tf.batchToSpaceND(x!, [2, 2], [[0, 1], [0, 0]])),
  Bincount: value([[6]], (w) => tf.bincount(int([1, 0, 3, 1, 2, 1]) as tf.Tensor1D, w as tf.Tensor1D, 4)),
  BitwiseAnd: value([[5], [5]], (a, b) => tf.bitwiseAnd(whole(a!), whole(b!))),
  BroadcastArgs: value([], () => tf.broadcastArgs(int([2, 1, 3]), int([4, 1]))),
  Cast: of([[3, 4]], (x) => tf.mul(x!, tf.cast(int([1, 0, -2, 3]), "float32"))),
  Ceil: unary((x) => tf.ceil(tf.mul(x, 3))),
  ClipByValue: unary((x) => tf.clipByValue(x, -0.3, 0.4)),
  Complex: value([[3], [3]], (a, b) => parts(complex(a!, b!))),
  ComplexAbs: value([[3], [3]], (a, b) => tf.abs(complex(a!, b!))),
  Concat: of([[2, 3], [2, 4]], (a, b) => tf.concat([a!, b!], 1)),
  Conv2D: of([[2, 6, 6, 3], [3, 3, 3, 4]], (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same")),
  Conv2DBackpropInput: of([[1, 3, 3, 2], [3, 3, 4, 2]], (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [1, 6, 6, 4], 2, "same")),
  Conv3D: of([[1, 4, 4, 4, 2], [2, 2, 2, 2, 3]], (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, "valid")),
  Cos: unary(tf.cos),
  Cosh: unary(tf.cosh),
  CropAndResize: value([[2, 5, 5, 2]], (x) => tf.image.cropAndResize(x as tf.Tensor4D, tf.tensor2d([[0, 0, 0.8, 0.8]]), int([1]) as tf.Tensor1D, [3, 3])),
  Cumprod: value([[3, 4]], (x) => tf.cumprod(x!, 1)),
  Cumsum: of([[3, 4]], (x) => tf.cumsum(x!, 1, true)),
  DenseBincount: value([], () => tf.denseBincount(int([1, 0, 3, 1]) as tf.Tensor1D, tf.tensor1d([]), 4)),
  DepthToSpace: value([[1, 2, 2, 8]], (x) => tf.depthToSpace(x as tf.Tensor4D, 2)),
  DepthwiseConv2dNative: of([[1, 5, 5, 3], [3, 3, 3, 2]], (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same")),
  Diag: value([[3]], (x) => tf.diag(x!)),
  Dilation2D: of([[1, 5, 5, 2], [2, 2, 2]], (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, "valid")),
  Einsum: value([[2, 3, 4], [4, 5]], (a, b) => tf.einsum("bij,jk->bki", a!, b!)),
  Elu: unary(tf.elu),
  Equal: compare((a, b) => tf.equal(whole(a), whole(b))),
  Erf: unary(tf.erf),
  Exp: unary(tf.exp),
  ExpandDims: unary((x) => tf.expandDims(x, 1)),
  Expm1: unary(tf.expm1),
  FFT: value([[2, 8], [2, 8]], (a, b) => parts(tf.fft(complex(a!, b!)))),
  Fill: value([], () => tf.fill([3, 2], 1.5)),
  FlipLeftRight: value([[1, 3, 4, 2]], (x) => tf.image.flipLeftRight(x as tf.Tensor4D)),
  Floor: unary((x) => tf.floor(tf.mul(x, 3))),
  FloorDiv: of([[3, 4], [3, 4]], (a, b) => tf.floorDiv(tf.mul(a!, 9), positive(b!))),
  FusedBatchNorm: of([[2, 3, 3, 4], [4], [4], [4], [4]], (x, mean, variance, offset, gain) =>
    tf.batchNorm(x as tf.Tensor4D, mean as tf.Tensor1D, positive(variance!) as tf.Tensor1D, offset as tf.Tensor1D, gain as tf.Tensor1D)),
  FusedConv2D: of([[1, 5, 5, 2], [3, 3, 2, 3], [3]], (x, w, b) =>
    tf.fused.conv2d({ x: x as tf.Tensor4D, filter: w as tf.Tensor4D, strides: 1, pad: "same", bias: b!, activation: "relu" })),
  FusedDepthwiseConv2D: value([[1, 5, 5, 2], [3, 3, 2, 1], [2]], (x, w, b) =>
    tf.fused.depthwiseConv2d({ x: x as tf.Tensor4D, filter: w as tf.Tensor4D, strides: 1, pad: "same", bias: b!, activation: "relu" })),
  GatherNd: value([[3, 4]], (x) => tf.gatherND(x!, int([0, 1, 2, 3], [2, 2]))),
  GatherV2: of([[5, 3]], (x) => tf.gather(x!, int([4, 0, 4], [3]))),
  Greater: compare(tf.greater),
  GreaterEqual: compare(tf.greaterEqual),
  IFFT: value([[2, 8], [2, 8]], (a, b) => parts(tf.ifft(complex(a!, b!)))),
  Identity: unary((x) => tf.clone(x)),
  Imag: value([[3], [3]], (a, b) => tf.imag(complex(a!, b!))),
  IsFinite: value([[3]], (x) => tf.isFinite(tf.div(1, tf.relu(x!)))),
  IsInf: value([[3]], (x) => tf.isInf(tf.div(1, tf.relu(x!)))),
  IsNan: value([[3]], (x) => tf.isNaN(tf.log(x!))),
  LRN: of([[1, 3, 3, 6]], (x) => tf.localResponseNormalization(x as tf.Tensor4D, 2, 1, 0.5, 0.75)),
  LeakyRelu: unary((x) => tf.leakyRelu(x, 0.1)),
  Less: compare(tf.less),
  LessEqual: compare(tf.lessEqual),
  LinSpace: value([], () => tf.linspace(-1, 2, 7)),
  Log: unary((x) => tf.log(positive(x))),
  Log1p: unary((x) => tf.log1p(positive(x))),
  LogicalAnd: compare((a, b) => tf.logicalAnd(bool(a), bool(b))),
  LogicalNot: compare((a) => tf.logicalNot(bool(a))),
  LogicalOr: compare((a, b) => tf.logicalOr(bool(a), bool(b))),
  Max: unary((x) => tf.max(x, 1)),
  MaxPool: of([[1, 6, 6, 2]], (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "same")),
  MaxPool3D: of([[1, 4, 4, 4, 1]], (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, "valid")),
  MaxPoolWithArgmax: value([[1, 4, 4, 1]], (x) => Object.values(tf.maxPoolWithArgmax(x as tf.Tensor4D, 2, 2, "valid")) as tf.Tensor[]),
  Maximum: of([[3, 4], [3, 4]], (a, b) => tf.maximum(a!, b!)),
  Mean: unary((x) => tf.mean(x, 0)),
  Min: unary((x) => tf.min(x, 0)),
  Minimum: of([[3, 4], [3, 4]], (a, b) => tf.minimum(a!, b!)),
  MirrorPad: of([[3, 4]], (x) => tf.mirrorPad(x!, [[1, 1], [0, 2]], "reflect")),
  Mod: of([[3, 4], [3, 4]], (a, b) => tf.mod(tf.mul(a!, 5), positive(b!))),
  Multinomial: value([[2, 5]], (x) => tf.multinomial(x as tf.Tensor2D, 6, 7)),
  Multiply: binary(tf.mul),
  Neg: unary(tf.neg),
  NonMaxSuppressionV3: value([[3]], (s) => tf.image.nonMaxSuppression(tf.tensor2d(BOXES), s as tf.Tensor1D, 3, 0.5)),
  NonMaxSuppressionV4: value([[3]], (s) => Object.values(tf.image.nonMaxSuppressionPadded(tf.tensor2d(BOXES), s as tf.Tensor1D, 3, 0.5, -1, true)) as tf.Tensor[]),
  NonMaxSuppressionV5: value([[3]], (s) => Object.values(tf.image.nonMaxSuppressionWithScore(tf.tensor2d(BOXES), s as tf.Tensor1D, 3, 0.5, -1, 0.5)) as tf.Tensor[]),
  NotEqual: compare((a, b) => tf.notEqual(whole(a), whole(b))),
  OneHot: value([[4]], (x) => tf.oneHot(tf.abs(whole(x!)), 10)),
  OnesLike: unary((x) => tf.mul(x, tf.onesLike(x))),
  Pack: of([[2, 3], [2, 3]], (a, b) => tf.stack([a!, b!], 1)),
  PadV2: of([[2, 3]], (x) => tf.pad(x!, [[1, 0], [0, 2]], 0.5)),
  Pow: binary((a, b) => tf.pow(positive(a), b)),
  Prelu: of([[3, 4], [4]], (x, a) => tf.prelu(x!, a!)),
  Prod: of([[3, 4]], (x) => tf.prod(x!, 1)),
  RaggedGather: value([], () => {
    const { outputNestedSplits, outputDenseValues } = tf.raggedGather([int([0, 2, 3])] as never, tf.tensor1d([1, 2, 3]), int([1, 0]), 1);
    return [...(outputNestedSplits as unknown as tf.Tensor[]), outputDenseValues];
  }),
  RaggedRange: value([], () => Object.values(tf.raggedRange(int([0, 5]) as tf.Tensor1D, int([3, 8]) as tf.Tensor1D, int([1, 2]) as tf.Tensor1D)) as tf.Tensor[]),
  RaggedTensorToTensor: value([[4]], (x) => tf.raggedTensorToTensor(int([2, 3]), x!, tf.scalar(0), [int([0, 1, 4])] as never, ["ROW_SPLITS"])),
  Range: value([], () => tf.range(2, 9, 3)),
  Real: value([[3], [3]], (a, b) => tf.real(complex(a!, b!))),
  RealDiv: of([[3, 4], [4]], (a, b) => tf.div(a!, positive(b!))),
  Reciprocal: unary((x) => tf.reciprocal(tf.add(x, 3))),
  Relu: unary(tf.relu),
  Relu6: unary((x) => tf.relu6(tf.mul(x, 9))),
  Reshape: of([[3, 4]], (x) => tf.reshape(x!, [2, -1])),
  ResizeBilinear: of([[1, 4, 4, 2]], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [7, 5])),
  ResizeNearestNeighbor: of([[1, 4, 4, 2]], (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [8, 8])),
  Reverse: unary((x) => tf.reverse(x, 1)),
  Round: unary((x) => tf.round(tf.mul(x, 5))),
  Rsqrt: unary((x) => tf.rsqrt(positive(x))),
  ScatterNd: value([[2, 3]], (x) => tf.scatterND(int([3, 1], [2, 1]), x!, [5, 3])),
  SearchSorted: value([[1, 4]], (x) => tf.searchSorted(tf.tensor2d([[-0.5, 0, 0.5]]), x!)),
  Select: of([[3, 4], [3, 4]], (a, b) => tf.where(tf.tensor([true, false, true, true], [4], "bool"), a!, b!)),
  Selu: unary(tf.selu),
  Sigmoid: unary(tf.sigmoid),
  Sign: unary(tf.sign),
  Sin: unary(tf.sin),
  Sinh: unary(tf.sinh),
  Slice: of([[3, 4]], (x) => tf.slice(x!, [1, 0], [2, 3])),
  Softmax: unary((x) => tf.softmax(x)),
  Softplus: unary(tf.softplus),
  SpaceToBatchND: of([[1, 4, 4, 1]], (x) => tf.spaceToBatchND(x!, [2, 2], [[0, 0], [0, 0]])),
  SparseFillEmptyRows: value([[2]], (x) => Object.values(tf.sparse.sparseFillEmptyRows(int([0, 0, 2, 1], [2, 2]) as tf.Tensor2D, x as tf.Tensor1D, int([3, 3]) as tf.Tensor1D, tf.scalar(0))) as tf.Tensor[]),
  SparseReshape: value([], () => Object.values(tf.sparse.sparseReshape(int([0, 1, 1, 2], [2, 2]) as tf.Tensor2D, int([2, 3]) as tf.Tensor1D, int([3, 2]) as tf.Tensor1D)) as tf.Tensor[]),
  SparseSegmentMean: value([[3, 4]], (x) => tf.sparse.sparseSegmentMean(x as tf.Tensor2D, int([0, 1, 2]) as tf.Tensor1D, int([0, 0, 1]) as tf.Tensor1D)),
  SparseSegmentSum: value([[3, 4]], (x) => tf.sparse.sparseSegmentSum(x as tf.Tensor2D, int([0, 1, 2]) as tf.Tensor1D, int([0, 0, 1]) as tf.Tensor1D)),
  SparseToDense: value([[2]], (x) => tf.sparseToDense(int([0, 3]), x!, [5], 0.5)),
  SplitV: of([[4, 6]], (x) => tf.split(x!, [1, 2, 3], 1)[2]!),
  Sqrt: unary((x) => tf.sqrt(positive(x))),
  Square: unary(tf.square),
  SquaredDifference: of([[3, 4], [3, 4]], (a, b) => tf.squaredDifference(a!, b!)),
  StaticRegexReplace: value([], () => tf.string.staticRegexReplace(strings("hello", "wall"), "l+", "L")),
  Step: unary((x) => tf.step(x, 0.2)),
  StridedSlice: value([[4, 9]], (x) => tf.stridedSlice(x!, [1, 0], [4, 9], [2, 3])),
  StringNGrams: value([], () => Object.values(tf.string.stringNGrams(strings("a", "b", "c"), int([0, 3]) as tf.Tensor1D, "|", [2], "", "", 0, false)) as tf.Tensor[]),
  StringSplit: value([], () => Object.values(tf.string.stringSplit(strings("a b", "c"), tf.scalar(" ", "string"))) as tf.Tensor[]),
  StringToHashBucketFast: value([], () => tf.string.stringToHashBucketFast(strings("a", "b"), 10)),
  Sub: binary(tf.sub),
  Sum: unary((x) => tf.sum(x, 1, true)),
  Tan: unary(tf.tan),
  Tanh: unary(tf.tanh),
  TensorScatterUpdate: value([[4, 2], [2, 2]], (x, y) => tf.tensorScatterUpdate(x!, int([3, 1], [2, 1]), y!)),
  Tile: of([[2, 3]], (x) => tf.tile(x!, [2, 1])),
  TopK: value([[3, 5]], (x) => Object.values(tf.topk(x!, 2)) as tf.Tensor[]),
  Transform: value([[1, 4, 4, 1]], (x) => tf.image.transform(x as tf.Tensor4D, tf.tensor2d([[1, 0, 1, 0, 1, 0, 0, 0]]))),
  Transpose: of([[2, 3, 4]], (x) => tf.transpose(x!, [2, 0, 1])),
  Unique: value([[6]], (x) => Object.values(tf.unique(whole(x!))) as tf.Tensor[]),
  Unpack: of([[3, 4]], (x) => tf.unstack(x!, 1)[2]!),
  UnsortedSegmentSum: of([[4, 3]], (x) => tf.unsortedSegmentSum(x!, int([2, 0, 2, 1]) as tf.Tensor1D, 3)),
  ZerosLike: unary((x) => tf.add(x, tf.zerosLike(x))),
  _FusedMatMul: of([[3, 4], [4, 5], [5]], (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias!, activation: "relu" })),
};
