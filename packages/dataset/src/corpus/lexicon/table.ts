/** Rows of `a | b | c` lines: tables stay readable as tables. Empty lines are skipped; every row must have `columns` cells. */
export function rows(table: string, columns: number): string[][] {
  return table
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      if (cells.length !== columns) throw new Error(`Lexicon row has ${cells.length} cells, expected ${columns}: ${line}`);
      return cells;
    });
}

/** Words separated by white space. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
