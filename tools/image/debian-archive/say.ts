/** Prints progress for people on standard error, because standard output is for results. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

export const seconds = (startedAtMs: number): string => `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
