import { CommandLine } from '@communique-tee/command-line';

/**
 * The one argument of a process of the bench: a file. Ends this process where it is not given, or where help is asked for.
 * @param what it is, like `job.json`
 */
export async function fileArgument(what: string, description: string): Promise<string> {
  const line = new CommandLine(`node tools/run.mjs ${process.argv[1] ?? ''}`, description);
  let file: string | undefined;
  line.program.argument(`<${what}>`).action(
    line.run((given: string) => {
      file = given;
      return 0;
    }),
  );
  const code = await line.parse(process.argv.slice(2));
  return file ?? process.exit(code);
}
