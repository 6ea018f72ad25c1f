/** Prints a line of progress, because a boot takes a while. */
export function say(line: string): void {
  process.stderr.write(`  ${new Date().toISOString().slice(11, 19)}  ${line}\n`);
}
