/** What SOURCE means on every command. */
export const SOURCES = "files (.parquet, .jsonl, .txt), folders, globs, or hf://datasets/OWNER/NAME/PATH";

/** What --threads means on every command. */
export const THREADS = "worker threads; 0 for none (default: one for each processor)";

/** All of standard input. */
export async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Writes to standard output and waits until it is taken, so that a large answer is not cut off. */
export const writeOutput = (text: string): Promise<void> => new Promise((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve())));
