import { forEachPart, withBytes } from "../text-chunks.js";
import type { CountTask } from "./threads/count-task.js";

/** Bytes of text in a task. */
export const TASK = 1 << 20;

/** Packs sequences as UTF-8 into tasks of about a megabyte. */
export class Packer {
  /** Tasks that are complete. */
  readonly full: CountTask[] = [];
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(TASK);
  private used = 0;
  private ends: number[] = [];

  /** @param free Buffers of `TASK` bytes that are of no other use. */
  constructor(
    private readonly addPrefixSpace: boolean,
    private readonly useRegex: boolean,
    private readonly free: Uint8Array<ArrayBuffer>[],
  ) {}

  /** Adds a sequence, a long one in parts; returns its bytes. */
  add(text: string): number {
    if (text === "") return 0;
    let total = 0;
    const whole = this.addPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text;
    (this.useRegex ? forEachPart : withBytes)(whole, (bytes, length) => {
      if (this.used + length > this.bytes.length) this.close(length);
      this.bytes.set(bytes.subarray(0, length), this.used);
      this.ends.push((this.used += length));
      total += length;
    });
    return total;
  }

  /** Completes the open task; the next one has room for `room` bytes. */
  close(room = TASK): void {
    if (this.used > 0) this.full.push({ bytes: this.bytes, ends: Uint32Array.from(this.ends), last: false });
    this.bytes = room <= TASK ? (this.free.pop() ?? new Uint8Array(TASK)) : new Uint8Array(room);
    this.used = 0;
    this.ends = [];
  }
}
