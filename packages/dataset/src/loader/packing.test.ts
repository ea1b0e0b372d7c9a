import fc from "fast-check";
import { expect, test } from "vitest";
import { cutPieces, packRows } from "./packing.js";

const capacity = fc.integer({ min: 2, max: 40 });
const lengths = fc.array(fc.nat(130), { maxLength: 60 });

test("every token after a document's first is the target of exactly one piece", () => {
  fc.assert(
    fc.property(lengths, capacity, (documents, room) => {
      const pieces = cutPieces(documents, room);
      const targets = documents.map((length) => Array<number>(length).fill(0));
      for (const { document, start, length } of pieces) {
        expect(length).toBeGreaterThanOrEqual(2);
        expect(length).toBeLessThanOrEqual(room);
        for (let i = 1; i < length; i++) targets[document]![start + i]!++;
      }
      for (const counts of targets) expect(counts).toEqual(counts.map((_, i) => (i === 0 ? 0 : 1)));
      // A document that fits is not cut.
      for (const [document, length] of documents.entries()) if (length >= 2 && length <= room) expect(pieces.filter((piece) => piece.document === document)).toHaveLength(1);
    }),
  );
});

test("rows hold every piece once, within their room, and no more rows than a plain best fit needs", () => {
  fc.assert(
    fc.property(lengths, capacity, (documents, room) => {
      const pieces = cutPieces(documents, room);
      const rows = packRows(pieces, room);
      const name = ({ document, start }: { document: number; start: number }): string => `${document}/${start}`;
      expect(rows.flat().map(name).sort()).toEqual(pieces.map(name).sort());
      for (const row of rows) expect(row.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(room);
      // The reference: look at all rows for each piece.
      const left: number[] = [];
      for (const { length } of [...pieces].sort((a, b) => b.length - a.length)) {
        const fits = left.filter((space) => space >= length);
        if (fits.length === 0) left.push(room - length);
        else left[left.indexOf(Math.min(...fits))]! -= length;
      }
      expect(rows).toHaveLength(left.length);
    }),
  );
});
