import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from '../telemetry/logger';

/**
 * The gateway cuts open connections this long before the limit. The rest of the time is for returning leases and closing its own
 * connections.
 */
const CUT_BEFORE_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Limits how long a shutdown may wait. Shortly before `timeoutMs` after the signal, open connections are cut. At `timeoutMs` the process
 * exits with code 1. Leases that were not returned by then expire, and other workers take the jobs.
 */
export function limitShutdown(app: NestFastifyApplication, timeoutMs: number): void {
  const begin = () => {
    setTimeout(() => {
      app.get(Logger).warn({}, 'shutdown: open connections are cut');
      app.getHttpServer().closeAllConnections();
    }, timeoutMs - CUT_BEFORE_MS).unref();
    setTimeout(() => {
      app.get(Logger).error({}, 'shutdown took too long and is given up');
      process.exit(1);
    }, timeoutMs).unref();
  };
  for (const signal of SIGNALS) process.once(signal, begin);
}
