import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { startCongressSimulator } from './simulator';

const HELP = `The Congress simulator: the House's and the Senate's ends of CWC 2.0 as real HTTPS servers on loopback.

  node tools/run.mjs test/congress/src/main.ts --folder <folder> [options]

  --folder <folder>        where the test authority (ca.pem) and congress.json (addresses, API keys) are kept
  --house-port <port>      default: a free one
  --senate-port <port>     default: a free one
  --control-port <port>    default: a free one (plain HTTP on loopback: GET and DELETE /control/received, POST /control/faults)
  --no-deduplication       neither chamber answers 409 for a DeliveryId that it took before
  --help

It refuses to start with NODE_ENV=production. SIGINT or SIGTERM end it.
`;

const keysSchema = z.object({
  house: z.object({ apiKey: z.string().min(1) }),
  senate: z.object({ apiKey: z.string().min(1) }),
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      'house-port': { type: 'string', default: '0' },
      'senate-port': { type: 'string', default: '0' },
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
  const deduplicates = !values['no-deduplication'];
  const keys = await keptKeys(join(folder, 'congress.json'));
  const simulator = await startCongressSimulator({
    folder,
    house: { port: port(values['house-port']), apiKey: keys.house, deduplicates },
    senate: { port: port(values['senate-port']), apiKey: keys.senate, deduplicates },
    controlPort: port(values['control-port']),
  });
  const { house, senate, controlUrl } = simulator;
  const described = {
    house: { ...house, messagePath: '/v2/message', deduplicates },
    senate: { ...senate, messagePath: '/api/testing-messages/', deduplicates },
    controlUrl,
    certificateAuthority: join(folder, 'ca.pem'),
  };
  await writeFile(join(folder, 'congress.json'), `${JSON.stringify(described, null, 2)}\n`, { mode: 0o600 });
  process.stdout.write(
    `house ${house.origin}\nsenate ${senate.origin}\ncontrol ${controlUrl}\nauthority ${described.certificateAuthority}\nready\n`,
  );
  await new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  await simulator.stop();
  return 0;
}

/** The keys of the last start, so that an enclave's configuration stays right; fresh ones the first time. */
async function keptKeys(path: string): Promise<{ house: string; senate: string }> {
  const fresh = (): string => randomBytes(16).toString('hex');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return { house: fresh(), senate: fresh() };
  const kept = keysSchema.parse(JSON.parse(text));
  return { house: kept.house.apiKey, senate: kept.senate.apiKey };
}

function port(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || value > 65_535) throw new Error(`not a port: ${text}`);
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
