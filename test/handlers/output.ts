/** Runs work of a handler, and keeps what it logs off the screen. @returns its result, and the lines it logged, parsed */
export async function capture<T>(work: () => Promise<T>): Promise<{ value: T; lines: Record<string, unknown>[] }> {
  const written: string[] = [];
  const { write } = process.stdout;
  process.stdout.write = (text: string | Uint8Array) => {
    written.push(String(text));
    return true;
  };
  try {
    const value = await work();
    return { value, lines: written.map((line) => JSON.parse(line)) };
  } finally {
    process.stdout.write = write;
  }
}
