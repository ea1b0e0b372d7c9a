import type { Damage } from "../sources/types.js";
import { number, percent, table } from "./html.js";

/** Places that a report names; all of them are in _damaged. */
export const NAMED = 100;

/** What could not be read of the sources, where some of it may be lost. */
export interface Lost {
  /** The share of their bytes. */
  share: number;
  bytes: number;
  /** Documents, where their number is known. */
  documents: number;
  places: number;
  /** The first 100 places, with the reason. Each place is named in _damaged. */
  parts?: Omit<Damage, "content">[];
}

/** What could not be read, with place and reason. Where nothing was to be lost, all was read. */
export function lost(found: Lost | undefined): string {
  if (!found) return "<h2>Damaged</h2><p>All of the inputs could be read: nothing was allowed to be lost, so the first damage would have ended the run.</p>";
  const { share, bytes, documents, places, parts = [] } = found;
  const summary = places === 0 ? "All of the inputs could be read." : `${places === 1 ? "1 place" : `${number(places)} places`} of the inputs could not be read and ${places === 1 ? "was" : "were"} left out: ${number(bytes)} bytes, ${percent(share, 1)} of all; documents in it that are known of: ${number(documents)}.`;
  const rows = parts.map((part) => [part.file, part.place, part.reason, number(part.bytes), part.documents === undefined ? "" : number(part.documents)]);
  const more = places > parts.length && parts.length > 0 ? `<p>${number(places - parts.length)} more places are named in _damaged.</p>` : "";
  return `<h2>Damaged</h2><p>${summary}</p>${rows.length > 0 ? table(["File", "Place", "Reason", "Bytes", "Documents"], rows) : ""}${more}`;
}
