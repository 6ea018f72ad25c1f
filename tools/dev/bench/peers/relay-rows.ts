import { freePort, spawnService, temporaryFolder, type Service } from '@communique-tee/testing/harness';
import { connect } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { bundle } from '../enclave/parent';
import { beside, bestOf, notMeasured, type Row } from '../measure';
import { isInstalled, runPart, startPart } from '../process/run-part';

const ROUNDS = 2;
const JOB = { by: 'undici', senders: 16, warmUpMs: 1000, durationMs: 2500, kib: 2 } as const;
const rateSchema = z.object({ ratePerSecond: z.number() });
const OURS = 'our egress proxy';

interface Relay {
  readonly name: string;
  /** The command that installs the relay. */
  readonly install: string;
  readonly program: string;
  /** Returns the command line of a process that listens on `port` of loopback and forwards bytes to `target`. */
  command(port: number, target: number, folder: string): Promise<readonly [string, ...string[]]>;
}

const loopback = (port: number): string => `127.0.0.1:${String(port)}`;

const RELAYS: readonly Relay[] = [
  {
    name: OURS,
    install: '',
    program: process.execPath,
    command: async (port, target, folder) => [
      process.execPath,
      await bundle('parent', folder),
      'egress-proxy',
      '--route',
      `tcp:${loopback(port)}=${loopback(target)}`,
    ],
  },
  {
    name: 'socat',
    install: 'apt-get install socat',
    program: 'socat',
    command: (port, target) =>
      Promise.resolve([
        'socat',
        `TCP-LISTEN:${String(port)},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=64`,
        `TCP:${loopback(target)},nodelay`,
      ]),
  },
  {
    name: 'nginx stream',
    install: 'apt-get install nginx libnginx-mod-stream',
    program: 'nginx',
    command: (port, target, folder) => {
      const file = join(folder, 'nginx.conf');
      writeFileSync(
        file,
        `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1;
include /etc/nginx/modules-enabled/*stream.conf;
events { worker_connections 512; }
stream { server { listen ${loopback(port)}; proxy_pass ${loopback(target)}; } }
`,
      );
      return Promise.resolve(['nginx', '-e', 'stderr', '-c', file]);
    },
  },
];

/**
 * Measures HTTP exchanges through each relay: 2 KiB in each direction, over 16 open connections, with TCP in place of vsock.
 */
export async function relayPeerRows(): Promise<Row[]> {
  const echo = await startPart('relay/echo.main.ts');
  const folder = await temporaryFolder('bench-peers');
  const services: Service[] = [];
  try {
    const running: { name: string; port: number }[] = [];
    const missing: Row[] = [];
    for (const relay of RELAYS) {
      const what = whatOf(relay.name);
      if (relay.program !== process.execPath && !isInstalled(relay.program)) {
        missing.push(absent(what, relay.install));
        continue;
      }
      const port = await freePort();
      const [command, ...args] = await relay.command(port, echo.port, folder.path);
      try {
        const readyWhen = () => accepts(port);
        services.push(await spawnService({ command, args, env: { PATH: process.env['PATH'] ?? '' }, readyWhen }));
        running.push({ name: relay.name, port });
      } catch (error) {
        if (relay.name === OURS) throw error;
        missing.push(absent(what, relay.install));
      }
    }
    const rates = await bestOf(
      ROUNDS,
      [echo.port, ...running.map(({ port }) => port)].map((port) => async () => {
        const { ratePerSecond } = rateSchema.parse(await runPart('relay/main.ts', { ...JOB, port }));
        return ratePerSecond;
      }),
    );
    const direct: Row = { what: whatOf('no relay'), value: rates[0] ?? null, unit: 'req/s' };
    const measured = running.map(({ name }, at): Row => ({
      what: whatOf(name),
      value: rates[at + 1] ?? null,
      unit: 'req/s',
    }));
    const [ours, ...others] = measured;
    if (!ours) throw new Error('our egress proxy was not measured');
    return [
      direct,
      beside(ours, direct),
      ...others.map((row) => beside(row, ours)),
      ...missing,
      // vsock-proxy listens only on vsock, which this machine may not have
      absent(
        whatOf("AWS's vsock-proxy"),
        isInstalled('vsock-proxy') ? undefined : 'dnf install aws-nitro-enclaves-cli (Amazon Linux)',
      ),
    ];
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await echo.service.stop();
    await folder.remove();
  }
}

const whatOf = (name: string): string => `relay 2 KiB through ${name}`;

function absent(what: string, install: string | undefined): Row {
  const row = notMeasured(what, 'req/s', '');
  return {
    ...row,
    note: install === undefined ? 'it takes connections only over vsock' : `not installed: ${install}`,
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });
}
