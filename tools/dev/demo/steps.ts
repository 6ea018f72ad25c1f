export type Steps = ReturnType<typeof createSteps>;

/** Prints a line for each step, with its time. Never moves the cursor, so that the output is readable in a log file. */
export function createSteps(write: (text: string) => void = (text) => process.stdout.write(text)) {
  let number = 0;
  const startedMs = performance.now();
  return {
    async step<T>(title: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
      const at = performance.now();
      write(`${String(++number).padStart(3)}  ${title.padEnd(58, ' .')} `);
      try {
        const result = await work();
        write(`${seconds(performance.now() - at)}\n`);
        if (detail) write(indent(detail(result)));
        return result;
      } catch (error) {
        write('FAILED\n');
        throw error;
      }
    },
    total: () => seconds(performance.now() - startedMs),
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(6)} s`;
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `       ${line}\n`)
    .join('');
}
