import { readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CommandLine, UsageError, writableFolder } from '@communique-tee/command-line';
import * as z from 'zod';
import { forEachChamber, SIMULATED_CHAMBER_KEYS, SIMULATED_CHAMBERS, type Chamber } from './chambers';
import { startCongressSimulator } from './simulator';

type ChamberPort = `${(typeof SIMULATED_CHAMBER_KEYS)[number]}Port`;

interface Options extends Partial<Record<ChamberPort, string>> {
  readonly folder?: string;
  readonly controlPort?: string;
  readonly withoutDeduplication?: readonly string[];
  readonly onlySubjects?: boolean;
}

const keysSchema = z.object(forEachChamber(() => z.object({ apiKey: z.string().min(1) }).optional()));

async function main(values: Options): Promise<number> {
  if (values.folder === undefined) throw new UsageError('--folder is required');
  const controlPort = port('control', values.controlPort);
  const chamberPorts = forEachChamber((chamber) => port(chamber, values[`${chamber}Port`]));
  const folder = writableFolder('--folder', values.folder, 0o700);
  const forgetful = chambersOf(values.withoutDeduplication ?? []);
  const keys = await keptKeys(join(folder, 'congress.json'));
  const simulator = await startCongressSimulator({
    folder,
    ...forEachChamber((chamber) => ({
      port: chamberPorts[chamber],
      apiKey: keys[chamber],
      deduplicates: !forgetful.includes(chamber),
      keepsConnections: true,
    })),
    controlPort,
    onlySubjects: values.onlySubjects === true,
  });
  const { controlUrl } = simulator;
  const described = {
    ...forEachChamber((chamber) => ({
      ...simulator[chamber],
      messagePath: SIMULATED_CHAMBERS[chamber].messagePath,
      deduplicates: !forgetful.includes(chamber),
    })),
    controlUrl,
    certificateAuthority: join(folder, 'ca.pem'),
  };
  await writeFile(join(folder, 'congress.json'), `${JSON.stringify(described, null, 2)}\n`, { mode: 0o600 });
  // Set up before `ready` is written, because a signal may follow at once.
  const stopped = new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  process.stdout.write(
    [
      ...SIMULATED_CHAMBER_KEYS.map((chamber) => `${chamber} ${simulator[chamber].origin}`),
      `control ${controlUrl}`,
      `authority ${described.certificateAuthority}`,
      'ready\n',
    ].join('\n'),
  );
  await stopped;
  await simulator.stop();
  return 0;
}

function chambersOf(names: readonly string[]): readonly string[] {
  for (const name of names)
    if (!SIMULATED_CHAMBER_KEYS.some((chamber) => chamber === name))
      throw new UsageError(`--without-deduplication takes ${SIMULATED_CHAMBER_KEYS.join(' or ')}`);
  return names;
}

/** Returns the API keys of the last start, so that an enclave's configuration stays valid. The first start makes new keys. */
async function keptKeys(path: string): Promise<Record<Chamber, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  const kept = keysSchema.parse(JSON.parse(text));
  return forEachChamber((chamber) => kept[chamber]?.apiKey ?? randomBytes(16).toString('hex'));
}

function port(name: string, text = '0'): number {
  const value = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || value > 65_535) throw new UsageError(`--${name}-port takes 0 to 65535`);
  return value;
}

const line = new CommandLine(
  'npm run congress --',
  "Starts the Congress simulator: each chamber's server of CWC 2.0, over HTTPS on loopback.",
);
line.program.option(
  '--folder <folder>',
  'where the test authority (ca.pem) and congress.json (addresses, API keys) are kept',
);
for (const chamber of SIMULATED_CHAMBER_KEYS) line.program.option(`--${chamber}-port <port>`, 'default: a free one');
line.program
  .option(
    '--control-port <port>',
    'default: a free one. By plain HTTP on loopback it lists messages and sets outcomes and faults (test/congress/README.md)',
  )
  .option(
    '--without-deduplication <chambers...>',
    `chambers (${SIMULATED_CHAMBER_KEYS.join(', ')}) that do not answer 409 for a DeliveryId that they took before`,
  )
  .option('--only-subjects', 'keep the Subject element of each document instead of the document; for long runs')
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
