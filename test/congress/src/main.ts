import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { forEachChamber, SIMULATED_CHAMBER_KEYS, SIMULATED_CHAMBERS, type Chamber } from './chambers';
import { startCongressSimulator } from './simulator';

const HELP = `The Congress simulator: each chamber's end of CWC 2.0 as a real HTTPS server on loopback.

  node tools/run.mjs test/congress/src/main.ts --folder <folder> [options]

  --folder <folder>        where the test authority (ca.pem) and congress.json (addresses, API keys) are kept
${SIMULATED_CHAMBER_KEYS.map((chamber) => `  ${`--${chamber}-port <port>`.padEnd(24)} default: a free one`).join('\n')}
  --control-port <port>    default: a free one (plain HTTP on loopback: GET and DELETE /control/received, POST /control/faults)
  --no-deduplication       no chamber answers 409 for a DeliveryId that it took before
  --help

It refuses to start with NODE_ENV=production. SIGINT or SIGTERM end it.
`;

const keysSchema = z.object(forEachChamber(() => z.object({ apiKey: z.string().min(1) }).optional()));

const portOptions = Object.fromEntries(
  SIMULATED_CHAMBER_KEYS.map((chamber) => [`${chamber}-port`, { type: 'string', default: '0' }] as const),
);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      ...portOptions,
      'control-port': { type: 'string', default: '0' },
      'no-deduplication': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.folder === undefined) {
    process.stderr.write(`--folder is required\n\n${HELP}`);
    return 2;
  }
  const folder = resolve(values.folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ports: Readonly<Record<string, unknown>> = values;
  const deduplicates = !values['no-deduplication'];
  const keys = await keptKeys(join(folder, 'congress.json'));
  const simulator = await startCongressSimulator({
    folder,
    ...forEachChamber((chamber) => ({ port: port(ports[`${chamber}-port`]), apiKey: keys[chamber], deduplicates })),
    controlPort: port(values['control-port']),
  });
  const { controlUrl } = simulator;
  const described = {
    ...forEachChamber((chamber) => ({
      ...simulator[chamber],
      messagePath: SIMULATED_CHAMBERS[chamber].messagePath,
      deduplicates,
    })),
    controlUrl,
    certificateAuthority: join(folder, 'ca.pem'),
  };
  await writeFile(join(folder, 'congress.json'), `${JSON.stringify(described, null, 2)}\n`, { mode: 0o600 });
  process.stdout.write(
    [
      ...SIMULATED_CHAMBER_KEYS.map((chamber) => `${chamber} ${simulator[chamber].origin}`),
      `control ${controlUrl}`,
      `authority ${described.certificateAuthority}`,
      'ready\n',
    ].join('\n'),
  );
  await new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  await simulator.stop();
  return 0;
}

/** The keys of the last start, so that an enclave's configuration stays right; fresh ones the first time. */
async function keptKeys(path: string): Promise<Record<Chamber, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  const kept = keysSchema.parse(JSON.parse(text));
  return forEachChamber((chamber) => kept[chamber]?.apiKey ?? randomBytes(16).toString('hex'));
}

function port(text: unknown): number {
  const value = Number(text);
  if (typeof text !== 'string' || !/^[0-9]{1,5}$/.test(text) || value > 65_535)
    throw new Error(`not a port: ${String(text)}`);
  return value;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
