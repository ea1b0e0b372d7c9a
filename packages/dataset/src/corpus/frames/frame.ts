/**
 * One plot. Every story is: intro · setup · problem · steps · end · closing. The problem and the end are clauses, so that
 * the story can say them and a later question about the story can be answered with the same words.
 * A step that starts with "?" is left out of short stories and of some long ones; one that starts with "!" is in every
 * telling; one that starts with "+" (else the last one without a mark) is what a short story keeps if it has room.
 */
export interface Frame {
  id: string;
  /** Tags the object must have, all of them. */
  needs?: readonly string[];
  /** Tags of which the object must have at least one. */
  oneOf?: readonly string[];
  /** Tags the object must not have. */
  not?: readonly string[];
  /** False where the plot needs dry land: animals of the sea are left out. */
  sea?: boolean;
  /** Only people ("person") or only animals ("animal") can live this plot. */
  who?: "person" | "animal";
  /** The same for the helper. */
  helperWho?: "person" | "animal";
  /** True when the problem is something that happens ("Then …") and not how things are. */
  event?: boolean;
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
