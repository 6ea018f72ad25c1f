import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandLine, UsageError, writableFolder } from '@communique-tee/command-line';
import * as z from 'zod';
import { describeProviders } from './description';
import { SIMULATED_PROVIDERS, type SimulatedProvider } from './models';
import { startProviders } from './simulator';

interface Options extends Partial<Record<`${SimulatedProvider}Port`, string>> {
  readonly folder?: string;
  readonly controlPort?: string;
}

const keySchema = z.object({ apiKey: z.string().min(1), organization: z.string().min(1).optional() }).optional();
const keysSchema = z.object({ openai: keySchema, gemini: keySchema, anthropic: keySchema });

async function main(values: Options): Promise<number> {
  if (values.folder === undefined) throw new UsageError('--folder is required');
  const controlPort = port('control', values.controlPort);
  const ports = SIMULATED_PROVIDERS.map((provider) => port(provider, values[`${provider}Port`]));
  const folder = writableFolder('--folder', values.folder, 0o700);
  const keys = await keptKeys(join(folder, 'providers.json'));
  const providers = await startProviders({
    folder,
    controlPort,
    ...Object.fromEntries(
      SIMULATED_PROVIDERS.map((provider, index) => [provider, { port: ports[index] ?? 0, ...keys[provider] }]),
    ),
  });
  await describeProviders(providers, folder);
  // Set up before `ready` is written, because a signal may follow at once.
  const stopped = new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  process.stdout.write(
    [
      ...SIMULATED_PROVIDERS.map((provider) => `${provider} ${providers[provider].origin}`),
      `control ${providers.controlUrl}`,
      `authority ${join(folder, 'ca.pem')}`,
      'ready\n',
    ].join('\n'),
  );
  await stopped;
  await providers.close();
  return 0;
}

/** Returns the API keys of the last start, so that an enclave's configuration stays valid; none at the first start. */
async function keptKeys(path: string): Promise<z.output<typeof keysSchema>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return keysSchema.parse(JSON.parse(text));
}

function port(name: string, text = '0'): number {
  const value = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || value > 65_535) throw new UsageError(`--${name}-port takes 0 to 65535`);
  return value;
}

const line = new CommandLine(
  'node tools/run.mjs test/providers/src/main.ts',
  'Starts the provider simulator: OpenAI, Gemini and Anthropic as real HTTPS servers on loopback.',
);
line.program.option(
  '--folder <folder>',
  'where the test authority (ca.pem) and providers.json (addresses, API keys) are kept',
);
for (const provider of SIMULATED_PROVIDERS) line.program.option(`--${provider}-port <port>`, 'default: a free one');
line.program
  .option(
    '--control-port <port>',
    'default: a free one. By plain HTTP on loopback it lists requests and sets faults (test/providers/README.md)',
  )
  .addHelpText(
    'after',
    '\nIt refuses to start with NODE_ENV=production. SIGINT or SIGTERM end it.\n\nExit code\n  0  ended by a signal\n  1  it could not be started; the error says why\n  2  an argument was not understood: the error names it, and --help lists the arguments\n',
  )
  .action(line.run(main));
line.parse(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
