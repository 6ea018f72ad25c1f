import { formatAddress, listen, type Address } from '@communique-tee/vsock';
import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../log';
import { codeLabel } from '../metrics-listener';
import { connectDestination } from './connect-destination';
import { EgressMetrics, type RouteMetrics } from './egress-metrics';
import type { EgressSettings, Route } from './egress-settings';
import { relay } from './relay';

/** The proxy logs each kind of failure of a destination at most once in this time. The metrics count every failure. */
const LOG_INTERVAL_MS = 10_000;

export interface EgressProxy {
  /** The addresses that it listens on, in the order of the routes. */
  readonly addresses: readonly Address[];
  readonly metrics: EgressMetrics;
  readonly openConnections: number;
  /** Stops listening, lets open connections finish for `drainMs`, and cuts the rest. */
  close(drainMs: number): Promise<void>;
}

/**
 * The parent's side of the enclave's connections to other servers: each listener leads to one destination in the settings. The proxy cannot
 * read the TLS that passes through; it can only delay and refuse, like any hop on the network.
 *
 * @throws SocketError if a listener cannot be opened; then none stays open
 */
export async function startEgressProxy(
  settings: Omit<EgressSettings, 'metrics' | 'drainMs'>,
  log: Log,
): Promise<EgressProxy> {
  const metrics = new EgressMetrics();
  const cut = new AbortController();
  const servers: Server[] = [];
  const running = new Set<Promise<void>>();

  const serve = (route: Route): Server => {
    const counts = metrics.route(route.destination);
    const report = reporter(route, log);
    let open = 0;
    return createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (enclave) => {
      enclave.on('error', () => undefined);
      const limit =
        open >= route.maxConnections
          ? 'route_limit'
          : running.size >= settings.maxConnections
            ? 'total_limit'
            : undefined;
      if (limit !== undefined) {
        enclave.destroy();
        counts.refused(limit);
        report('egress_refused', limit);
        return;
      }
      open++;
      const carried = carry(enclave, route, settings, counts, report, cut.signal).finally(() => {
        open--;
        running.delete(carried);
      });
      running.add(carried);
    });
  };
  const stopListening = () =>
    Promise.all(
      servers.filter(({ listening }) => listening).map((server) => new Promise((resolve) => server.close(resolve))),
    );

  const addresses: Address[] = [];
  try {
    for (const route of settings.routes) {
      const server = serve(route);
      const address = await listen(server, route.listen, { unixMode: 0o660 });
      server.on('error', (error) =>
        log.write('error', 'egress_listener_failed', { destination: route.destination, code: codeLabel(error) }),
      );
      servers.push(server);
      addresses.push(address);
      log.write('info', 'egress_listening', { address: formatAddress(address), destination: route.destination });
    }
  } catch (error) {
    await stopListening();
    throw error;
  }
  return {
    addresses,
    metrics,
    get openConnections() {
      return running.size;
    },
    async close(drainMs) {
      const stopped = stopListening(); // resolves when the connections have closed too
      const timer = setTimeout(() => cut.abort(), drainMs);
      await Promise.all(running);
      clearTimeout(timer);
      await stopped;
    },
  };
}

async function carry(
  enclave: Socket,
  route: Route,
  { connectTimeoutMs, idleTimeoutMs }: Pick<EgressSettings, 'connectTimeoutMs' | 'idleTimeoutMs'>,
  counts: RouteMetrics,
  report: Report,
  cut: AbortSignal,
): Promise<void> {
  counts.opened();
  let destination: Socket;
  try {
    destination = await connectDestination(route.host, route.port, connectTimeoutMs, cut);
  } catch (error) {
    enclave.destroy();
    if (cut.aborted) {
      counts.closed('drain');
      return;
    }
    const code = codeLabel(error);
    counts.connectFailed(code);
    counts.closed('error');
    report('egress_connect_failed', code);
    return;
  }
  counts.closed(await relay(enclave, destination, idleTimeoutMs, counts.passed, cut));
}

type Report = (event: 'egress_refused' | 'egress_connect_failed', code: string) => void;

function reporter({ destination }: Route, log: Log): Report {
  const last = new Map<string, number>();
  return (event, code) => {
    const now = performance.now();
    const key = `${event} ${code}`;
    if (now - (last.get(key) ?? -Infinity) < LOG_INTERVAL_MS) return;
    last.set(key, now);
    log.write('warn', event, { destination, code });
  };
}
