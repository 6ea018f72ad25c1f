import { once } from 'node:events';
import { connect } from 'node:net';
import { spawnHelper } from './spawn-service';

export interface SilentPort extends AsyncDisposable {
  readonly port: number;
  stop(): Promise<void>;
}

/** A queue of one cannot contain so many connections. */
const FILLERS = 4;

/**
 * Starts a port on 127.0.0.1 that never answers a client. Its process is stopped and its queue of connections is full. So Linux drops
 * further connections, like a silent firewall.
 */
export async function startSilentPort(): Promise<SilentPort> {
  const service = await spawnHelper({
    command: process.execPath,
    args: [
      '-e',
      "const s = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(`port ${s.address().port} `))",
    ],
    env: {},
    readyWhen: /port (\d+) /,
  });
  const port = Number(service.ready?.[1]);
  process.kill(service.pid, 'SIGSTOP');
  const fillers = Array.from({ length: FILLERS }, () =>
    connect({ host: '127.0.0.1', port }).on('error', () => undefined),
  );
  const [first] = fillers;
  if (first?.connecting === true) await once(first, 'connect');
  const stop = async () => {
    for (const filler of fillers) filler.destroy();
    await service.kill();
  };
  return { port, stop, [Symbol.asyncDispose]: stop };
}
