import { CommandLine, writableFolder } from '@communique-tee/command-line';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { buildClientPackage, MAX_GZIP_BYTES } from './build-package';

const line = new CommandLine(
  'npm run build:client --',
  'Builds the client library as it is published: @communique-tee/client, for browsers and Node. Prints its size, and how much of it each dependency takes.',
);
line.program
  .option('--out <folder>', 'the folder, replaced if it exists', join('dist', 'client'))
  .addHelpText(
    'after',
    '\nExit code\n  0  built\n  1  built, but too large\n  2  an argument was not understood: the error names it, and --help lists the arguments\n',
  )
  .action(line.run(build));
process.exitCode = await line.parse(process.argv.slice(2));

async function build({ out }: { readonly out: string }): Promise<number> {
  const { folder, minifiedBytes, gzipBytes, shares } = await buildClientPackage({
    root: workspaceRoot(),
    folder: writableFolder('--out', out),
  });
  const rows = shares.map(
    ({ name, bytes }) =>
      `  ${name.padEnd(24)}${String(bytes).padStart(8)}${`${((100 * bytes) / minifiedBytes).toFixed(1)} %`.padStart(9)}\n`,
  );
  process.stdout.write(
    `${folder}\n${String(minifiedBytes)} bytes minified, ${String(gzipBytes)} bytes gzip (aim: under ${String(MAX_GZIP_BYTES)})\nminified, by where it comes from:\n${rows.join('')}`,
  );
  if (gzipBytes >= MAX_GZIP_BYTES) {
    process.stderr.write('too large\n');
    return 1;
  }
  return 0;
}
