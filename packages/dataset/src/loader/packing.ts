/** A stretch of a document that stands in a row as a whole. */
export interface Piece {
  /** Place of the document in its window. */
  document: number;
  /** First token within the document. */
  start: number;
  length: number;
}

/**
 * Cuts documents into pieces of at most `capacity` tokens. Neighbouring pieces share one token, so that every token after
 * a document's first is predicted exactly once, from the token before it. Documents of fewer than two tokens predict nothing
 * and are left out.
 */
export function cutPieces(lengths: readonly number[], capacity: number): Piece[] {
  const pieces: Piece[] = [];
  for (const [document, length] of lengths.entries()) {
    for (let start = 0; length - start >= 2; start += capacity - 1) pieces.push({ document, start, length: Math.min(capacity, length - start) });
  }
  return pieces;
}

/**
 * Packs pieces into rows: longest first, each into the fullest row that still has room (best-fit decreasing; Ding et al.
 * 2024, "Fewer Truncations Improve Language Modeling"). The result depends on the pieces alone.
 */
export function packRows(pieces: readonly Piece[], capacity: number): Piece[][] {
  // Counting sort by length keeps equal lengths in order and needs no comparison.
  const byLength: Piece[][] = Array.from({ length: capacity + 1 }, () => []);
  for (const piece of pieces) byLength[piece.length]!.push(piece);
  const rows: Piece[][] = [];
  const open: number[][] = Array.from({ length: capacity + 1 }, () => []);
  for (let length = capacity; length >= 2; length--) {
    for (const piece of byLength[length]!) {
      let room = length;
      while (room <= capacity && open[room]!.length === 0) room++;
      const row = room <= capacity ? open[room]!.pop()! : rows.push([]) - 1;
      rows[row]!.push(piece);
      const left = (room <= capacity ? room : capacity) - length;
      if (left >= 2) open[left]!.push(row);
    }
  }
  return rows;
}
