import { BpeError } from "../errors.js";
import type { Ranges } from "../unicode/classes.js";
import { CodePointSet } from "./code-points.js";
import type { Node } from "./node.js";

/** Numbers of an instruction: what it does, and two operands. */
export const STRIDE = 3;
/** The end of the program or of the part that LOOK or ATOMIC runs. */
export const MATCH = 0;
/** Takes a character of a set (first operand). */
export const TAKE = 1;
/** The same for the character before. */
export const TAKE_BEFORE = 2;
/** Goes on with the next instruction and, where that fails, at the first operand; the second is the number of the choice. */
export const SPLIT = 3;
/** Goes on at the first operand and, where that fails, with the next instruction. */
export const SPLIT_LAZY = 4;
export const JUMP = 5;
/** Whether what follows, up to a MATCH, matches here; goes on at the first operand. */
export const LOOK = 6;
export const LOOK_NOT = 7;
/** Takes what the instructions that follow match, up to a MATCH, and never tries them otherwise; goes on at the first operand. */
export const ATOMIC = 8;
/** Takes as many characters of a set (second operand) as there are, then fewer; goes on at the first operand. What follows does the same one by one. */
export const RUN = 9;

/** Most instructions of a pattern, its counted repetitions written out. */
const MAX_INSTRUCTIONS = 100_000;

/** A regular expression as instructions for `RegexMatcher`. */
export interface Program {
  /** Instructions of `STRIDE` numbers; operands that are places count instructions. */
  code: Int32Array;
  sets: readonly CodePointSet[];
  /** How many SPLITs there are. */
  choices: number;
}

/** @throws BpeError where a pattern comes to too many instructions. */
export function compileProgram(node: Node, name: string): Program {
  const code: number[] = [];
  const sets: CodePointSet[] = [];
  const known = new Map<string, number>();
  const byRanges = new Map<Ranges, number>();
  let choices = 0;
  let steps = 0;

  const here = (): number => code.length / STRIDE;
  const add = (does: number, first = 0, second = 0): number => code.push(does, first, second) / STRIDE - 1;
  /** Makes the first operand of an instruction the next place. */
  const land = (instruction: number): void => void (code[instruction * STRIDE + 1] = here());
  const setOf = (ranges: Ranges): number => {
    const made = byRanges.get(ranges);
    if (made !== undefined) return made;
    const key = ranges.join();
    const index = known.get(key) ?? sets.push(new CodePointSet(ranges)) - 1;
    known.set(key, index);
    byRanges.set(ranges, index);
    return index;
  };

  const split = (greedy: boolean): number => add(greedy ? SPLIT : SPLIT_LAZY, 0, choices++);

  const repeat = (body: Node, least: number, most: number, greedy: boolean, back: boolean): void => {
    for (let time = 0; time < least; time++) emit(body, back);
    if (most === Infinity) {
      const run = greedy && !back && body.kind === "set" ? add(RUN, 0, setOf(body.ranges)) : -1;
      const head = split(greedy);
      emit(body, back);
      add(JUMP, head);
      land(head);
      if (run >= 0) land(run);
      return;
    }
    const leave: number[] = [];
    for (let time = least; time < most; time++) {
      leave.push(split(greedy));
      emit(body, back);
    }
    leave.forEach(land);
  };

  const emit = (part: Node, back: boolean): void => {
    if (++steps > MAX_INSTRUCTIONS) throw new BpeError(`The pattern ${name} can't be used: with its repetitions written out it becomes too large.`);
    switch (part.kind) {
      case "set":
        add(back ? TAKE_BEFORE : TAKE, setOf(part.ranges));
        return;
      case "sequence":
        for (const each of back ? [...part.parts].reverse() : part.parts) emit(each, back);
        return;
      case "choice": {
        const ends: number[] = [];
        part.options.forEach((option, index) => {
          const last = index === part.options.length - 1;
          const other = last ? -1 : split(true);
          emit(option, back);
          if (last) return;
          ends.push(add(JUMP));
          land(other);
        });
        ends.forEach(land);
        return;
      }
      case "repeat":
        repeat(part.body, part.least, part.most, part.greedy, back);
        return;
      case "atomic": {
        const start = add(ATOMIC);
        emit(part.body, back);
        add(MATCH);
        land(start);
        return;
      }
      case "look": {
        const start = add(part.negative ? LOOK_NOT : LOOK);
        emit(part.body, part.behind);
        add(MATCH);
        land(start);
      }
    }
  };

  emit(node, false);
  add(MATCH);
  return { code: Int32Array.from(code), sets, choices };
}
