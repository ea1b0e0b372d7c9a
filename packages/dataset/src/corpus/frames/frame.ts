/**
 * One plot. Every story is: intro · setup · problem · steps · end · closing. The problem and the end are clauses, so that
 * the story can say them and a later question about the story can be answered with the same words.
 * A step that starts with "?" is left out of short stories and of some long ones.
 */
export interface Frame {
  id: string;
  /** Tags the object must have, all of them. */
  needs?: readonly string[];
  /** Tags the object must not have. */
  not?: readonly string[];
  /** False where the plot needs dry land: animals of the sea are left out. */
  sea?: boolean;
  /** Only people ("person") or only animals ("animal") can live this plot. */
  who?: "person" | "animal";
  /** True when the helper is part of every telling. */
  helper: boolean;
  /** Chosen once for each story and then used as slots. */
  vars?: Readonly<Record<string, readonly string[]>>;
  setup: readonly string[];
  problem: string;
  steps: readonly string[];
  end: string;
  closing?: readonly string[];
}
