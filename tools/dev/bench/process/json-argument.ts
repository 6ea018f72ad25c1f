import { CommandLine, EXIT_CODES, UsageError } from '@communique-tee/command-line';
import { readFileSync } from 'node:fs';

/**
 * Reads the JSON file that this process got as its only argument. Ends this process if the file cannot be read or is not JSON, or if the
 * argument asks for help.
 * @param what the argument's name, like `job.json`
 */
export async function jsonArgument(what: string, description: string): Promise<unknown> {
  const line = new CommandLine(`node tools/run.mjs ${process.argv[1] ?? ''}`, description);
  let read: { readonly json: unknown } | undefined;
  line.program
    .argument(`<${what}>`)
    .addHelpText('after', EXIT_CODES)
    .action(
      line.run((file: string) => {
        read = { json: parse(readFileSync(file, 'utf8'), file) };
        return 0;
      }),
    );
  const code = await line.parse(process.argv.slice(2));
  return read === undefined ? process.exit(code) : read.json;
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is not JSON`);
  }
}
