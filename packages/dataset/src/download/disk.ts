import { mkdir, statfs } from "node:fs/promises";
import { DatasetError } from "../errors.js";

/** Left free on a disk beside what is fetched, for journals and whoever else writes. */
const RESERVE = 64 << 20;
const inUnits = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toPrecision(3)} GB` : `${(bytes / 1e6).toPrecision(3)} MB`);

/**
 * Checks that a folder's disk has room, before anything is fetched.
 * @param needed Bytes still to come
 * @throws DatasetError saying how much is missing
 */
export async function checkDiskSpace(folder: string, needed: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  let free: number;
  try {
    const { bavail, bsize } = await statfs(folder);
    free = bavail * bsize;
  } catch {
    return; // a file system that can't say: a full disk is then an error of the write itself
  }
  if (needed + RESERVE <= free) return;
  throw new DatasetError(`Not enough space in ${folder}: ${inUnits(needed)} are to be fetched, ${inUnits(free)} are free and ${inUnits(RESERVE)} must stay free. Free some space, choose another folder, or fetch less with --limit.`);
}
