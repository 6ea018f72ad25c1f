import { CommandLine, UsageError, isSystemError } from '@communique-tee/command-line';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { join } from 'node:path';
import { Failure } from '../../../cli/failure';
import { gatewayOf } from '../../../cli/options';
import { trustOf } from '../../../cli/trust';
import { buildClientPackage } from '../build-package';
import { gatewayProblem } from './check-gateway';
import { EXAMPLE_PORT } from './origin';
import { serveExample, type ExampleSettings } from './serve-example';

interface Options {
  readonly gateway: string;
  readonly policy: string;
  readonly port: string;
}

const line = new CommandLine(
  'npm run example:browser --',
  'Builds the client library as it is published and serves its example page, which sends a message through a running demo.',
);
line.program
  .option('--gateway <url>', 'the gateway that the page calls: https, or http on this machine', 'http://127.0.0.1:3001')
  .option(
    '--policy <file>',
    'which image and operator the page accepts (JSON)',
    join(workspaceRoot(), 'docs/examples/development-policy.json'),
  )
  .option(
    '--port <port>',
    "the page's port; 0 takes a free one. The demo's gateway allows only the default",
    String(EXAMPLE_PORT),
  )
  .addHelpText(
    'after',
    '\nExit code\n  0  ended by Ctrl-C\n  1  the page cannot be served; the error says why\n  2  an argument was not understood: the error names it, and --help lists the arguments\n',
  )
  .action(line.run(run));
process.exitCode = await line.parse(process.argv.slice(2));

async function run(options: Options): Promise<number> {
  if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65_535) throw new UsageError('--port takes 0 to 65535');
  const stopped = new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        stop();
      });
  });
  try {
    const gateway = gatewayOf(options, {});
    const settings = settingsOf(gateway, options.policy);
    const { folder, gzipBytes } = await buildClientPackage({
      root: workspaceRoot(),
      folder: join(workspaceRoot(), 'dist/client'),
    });
    const page = await serveExample(folder, () => settings, Number(options.port));
    process.stdout.write(
      `The package is in ${folder} (${(gzipBytes / 1000).toFixed(1)} KB gzip). Open its example:\n\n  ${page.origin}/\n\nThe page asks for a token. For the demo, this command prints one:  node tools/cli/bin.mjs token\n`,
    );
    const problem = await gatewayProblem(gateway, page.origin);
    process.stdout.write(`${problem === null ? '' : `\n${problem}\n`}\nCtrl-C ends it.\n`);
    await stopped;
    await page.stop();
    return 0;
  } catch (error) {
    process.stderr.write(`${explained(error, options)}\n`);
    return 1;
  }
}

/** @throws Failure, UsageError */
function settingsOf(gateway: URL, policy: string): ExampleSettings {
  const { measurements, developmentRootPem } = trustOf({ policy });
  const [{ pcr0, pcr3 }] = measurements;
  if (pcr3 === undefined) throw new UsageError('--policy: the page needs a set that names pcr3, the operator');
  return { gateway: gateway.origin, pcr0, pcr3, unsafeDevelopmentRoot: developmentRootPem };
}

function explained(error: unknown, { port }: Options): string {
  if (error instanceof Failure && error.code === 'usage') throw new UsageError(error.message);
  if (error instanceof Failure && error.code === 'file_unreadable')
    return `${error.message}\nNext: start the demo once with “npm run demo”, which makes its development root, or name another --policy`;
  if (error instanceof Failure) return error.message;
  if (isSystemError(error) && error.code === 'EADDRINUSE')
    return `Another program uses port ${port}.\nNext: end it, perhaps another example:browser, or choose a port with --port and start the gateway with that origin in CORS_ORIGINS`;
  throw error;
}
