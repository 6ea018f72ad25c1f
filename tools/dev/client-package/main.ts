import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { buildClientPackage, MAX_GZIP_BYTES } from './build-package';

const HELP = `Builds the client library as it is published: @communique-tee/client, for browsers and Node.

  npm run build:client
  --out <folder>   made anew; default dist/client
  --help

Prints its size, and which dependency is how much of it. Exit code: 0 built, 1 built and larger than it may be, 2 not understood.
`;

function parse(): { out: string | undefined; help: boolean } | string {
  try {
    const { values } = parseArgs({ options: { out: { type: 'string' }, help: { type: 'boolean', default: false } } });
    return { out: values.out, help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const given = parse();
if (typeof given === 'string') {
  process.stderr.write(`${given}\n\n${HELP}`);
  process.exitCode = 2;
} else if (given.help) {
  process.stdout.write(HELP);
} else {
  const root = workspaceRoot();
  const { folder, minifiedBytes, gzipBytes, shares } = await buildClientPackage({
    root,
    folder: resolve(given.out ?? join(root, 'dist/client')),
  });
  const rows = shares.map(
    ({ name, bytes }) =>
      `  ${name.padEnd(24)}${String(bytes).padStart(8)}${`${((100 * bytes) / minifiedBytes).toFixed(1)} %`.padStart(9)}\n`,
  );
  process.stdout.write(
    `${folder}\n${String(minifiedBytes)} bytes minified, ${String(gzipBytes)} bytes gzip (aim: under ${String(MAX_GZIP_BYTES)})\nminified, by where it comes from:\n${rows.join('')}`,
  );
  if (gzipBytes >= MAX_GZIP_BYTES) {
    process.stderr.write('larger than it may be\n');
    process.exitCode = 1;
  }
}
