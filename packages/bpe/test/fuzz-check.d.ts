/** A difference between a golden answer and the package's. */
export interface Difference {
  what: string;
  probe?: object;
  got: unknown;
  expected?: unknown;
}
export function checkCase(bpe: object, shared: object, value: object): Generator<Difference>;
