import { InferError } from "./errors.js";

/** How the next token is chosen. Each filter is off at the value named as such. */
export interface SamplingOptions {
  /** Divides the logits; 0 is greedy: the likeliest token, the lowest id on ties. Below 1 is safer, above 1 is wilder. */
  temperature: number;
  /** Keep the k likeliest tokens; 0 is off. */
  topK: number;
  /** Keep the likeliest tokens until their probabilities add up to this, the one that crosses it included; 1 is off. */
  topP: number;
  /** Keep tokens with at least this share of the likeliest token's probability; 0 is off. */
  minP: number;
  /** Above 1: tokens seen before get less likely, once however often they were seen (Keskar et al. 2019); 1 is off. */
  repetitionPenalty: number;
  /** Taken from a token's logit for each time it was seen; 0 is off. */
  frequencyPenalty: number;
  /** Taken from a token's logit if it was seen at all; 0 is off. */
  presencePenalty: number;
}

/** Tokens that may be drawn, with their logits. Sorted by falling logit (lowest id first on ties) if anything was cut off. */
export interface Candidates {
  ids: Int32Array;
  logits: Float32Array;
}

/**
 * The id of the largest logit, the lowest one on ties.
 *
 * @throws {InferError} `numbers` if there is no largest: NaN, or nothing above -Infinity.
 */
export function argmax(logits: Float32Array): number {
  let best = -1;
  let max = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    const value = logits[id]!;
    if (value > max) {
      max = value;
      best = id;
    } else if (Number.isNaN(value)) best = id; // the check below reports it
    if (Number.isNaN(value)) break;
  }
  if (best < 0 || !Number.isFinite(logits[best])) {
    throw new InferError("numbers", `The model's logits can't be used: expected finite numbers, found ${best < 0 ? "nothing above -Infinity" : `${logits[best]} for token ${best}`}. Its weights are damaged or its training diverged.`);
  }
  return best;
}

/**
 * Makes tokens of the text so far less likely, in place: first the repetition penalty (a positive logit is divided by it, another
 * one multiplied), then frequency and presence, as llama.cpp does.
 *
 * @param logits - One number for each token of the vocabulary.
 * @param counts - How often each token occurs in the prompt and the text so far.
 */
export function applyPenalties(logits: Float32Array, counts: ReadonlyMap<number, number>, { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 }: Partial<SamplingOptions>): void {
  if (repetitionPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0) return;
  for (const [id, count] of counts) {
    const logit = logits[id];
    if (logit === undefined || count <= 0) continue;
    const penalized = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
    logits[id] = penalized - count * frequencyPenalty - presencePenalty;
  }
}

/** Adds a bias to single logits, in place. Ids outside the vocabulary are ignored. */
export function applyBias(logits: Float32Array, bias: ReadonlyMap<number, number>): void {
  for (const [id, value] of bias) if (id >= 0 && id < logits.length) logits[id] = logits[id]! + value;
}

/**
 * The k largest logits, falling, lowest id first on ties. A heap of k entries: most logits cost one comparison, and nothing
 * is sorted but the k.
 */
export function selectTop(logits: Float32Array, k: number): Candidates {
  const size = Math.min(k, logits.length);
  const heap = new Int32Array(size); // ids, the worst of the kept on top
  // Worse: smaller, or equal with a higher id.
  const worse = (a: number, b: number): boolean => logits[a]! < logits[b]! || (logits[a] === logits[b] && a > b);
  const sink = (from: number): void => {
    const id = heap[from]!;
    let at = from;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && worse(heap[child + 1]!, heap[child]!)) child++;
      if (!worse(heap[child]!, id)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = id;
  };
  for (let id = 0; id < size; id++) heap[id] = id;
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(at);
  for (let id = size; id < logits.length; id++) {
    // On ties the lower id, which came first, stays.
    if (logits[id]! > logits[heap[0]!]!) {
      heap[0] = id;
      sink(0);
    }
  }
  const ids = heap.sort((a, b) => logits[b]! - logits[a]! || a - b);
  return { ids, logits: Float32Array.from(ids, (id) => logits[id]!) };
}

/** Sum of exp(logit - max). */
function partition(logits: Float32Array, max: number): number {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max);
  return sum;
}

const prefix = ({ ids, logits }: Candidates, length: number): Candidates => ({ ids: ids.subarray(0, length), logits: logits.subarray(0, length) });

/** How many of the sorted candidates it takes to reach the share `topP` of `total`; -1 if they don't reach it. */
function nucleus(sorted: Candidates, max: number, total: number, topP: number): number {
  let sum = 0;
  for (let i = 0; i < sorted.logits.length; i++) {
    sum += Math.exp(sorted.logits[i]! - max);
    if (sum >= topP * total) return i + 1;
  }
  return -1;
}

/** Top-p alone has no k: the likeliest 64 nearly always suffice, and each further try takes eight times as many. */
const FIRST_TRY = 64;

/**
 * The tokens that may be drawn: top-k, then top-p over what top-k left, then min-p; the order of llama.cpp, and as there all of
 * it before temperature (transformers divides by the temperature first). At least one token stays.
 *
 * @param logits - Not changed.
 * @throws {InferError} `numbers` if a logit is NaN or none is finite.
 */
export function filterLogits(logits: Float32Array, { topK = 0, topP = 1, minP = 0 }: Partial<SamplingOptions>): Candidates {
  const max = logits[argmax(logits)]!;
  let kept: Candidates | undefined;
  if (topK > 0 && topK < logits.length) {
    kept = selectTop(logits, topK);
    if (topP < 1) kept = prefix(kept, Math.max(1, nucleus(kept, max, partition(kept.logits, max), topP)));
  } else if (topP < 1) {
    const total = partition(logits, max);
    for (let k = FIRST_TRY; ; k *= 8) {
      const tried = selectTop(logits, k);
      const length = nucleus(tried, max, total, topP);
      if (length < 0 && k < logits.length) continue;
      kept = length < 0 ? tried : prefix(tried, length);
      break;
    }
  }
  if (minP > 0) {
    const least = max + Math.log(minP);
    const source = kept ?? { ids: Int32Array.from(logits, (_, id) => id), logits };
    // Rounding must not remove the likeliest token itself.
    const ids = source.ids.filter((id) => logits[id]! >= least || logits[id] === max);
    if (!kept) ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
    kept = { ids, logits: Float32Array.from(ids, (id) => logits[id]!) };
  }
  return kept ?? { ids: Int32Array.from(logits, (_, id) => id), logits };
}

/**
 * Draws one of the candidates: the first whose cumulative weight exp((logit - max) / temperature) passes u times the total, summed
 * in double precision.
 *
 * @param u - Uniform in [0, 1).
 */
export function draw({ ids, logits }: Candidates, temperature: number, u: number): number {
  let max = -Infinity;
  for (const logit of logits) if (logit > max) max = logit;
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - max) / temperature));
  const goal = u * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    sum += weights[i]!;
    last = i;
    if (sum > goal) break;
  }
  return ids[last]!;
}

/**
 * Chooses the next token: penalties, top-k, top-p, min-p, temperature, draw (llama.cpp's order).
 *
 * @param logits - One number for each token; changed by the penalties.
 * @param options - See {@link SamplingOptions}; what is left out is off, and the temperature 1.
 * @param counts - How often each token occurs in the prompt and the text so far.
 * @param u - Uniform in [0, 1); not used when the temperature is 0.
 * @throws {InferError} `numbers` if a logit is NaN or none is finite.
 */
export function sampleToken(logits: Float32Array, options: Partial<SamplingOptions>, counts: ReadonlyMap<number, number>, u: number): number {
  applyPenalties(logits, counts, options);
  const temperature = options.temperature ?? 1;
  if (temperature <= 0) return argmax(logits);
  return draw(filterLogits(logits, options), temperature, u);
}
