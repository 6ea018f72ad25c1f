import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from '../telemetry/logger';

/**
 * Open connections are cut this long before the limit, so that there is time to return leases and to close connections to other services.
 */
const CUT_BEFORE_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Bounds a shutdown that waits for a peer. Shortly before `timeoutMs` have passed since the signal, connections that are still open are
 * cut; at `timeoutMs` the process ends with exit code 1. Leases that it has not returned expire, and other workers take the jobs.
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
