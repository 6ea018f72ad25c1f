import type { LoadJob } from '../load/job';
import { runLoad } from '../load/run-load';
import type { BenchGateway } from './start-gateway';

export const CONNECTIONS = 32;
export const KIB = 2;
const OPEN_CONNECTIONS = 256;
const WARM_UP_MS = 3000;

type Target = Pick<BenchGateway, 'tokens'> & { readonly url: string };

const posts = ({ url, tokens }: Target): Omit<LoadJob, 'rhythm'> => ({
  origin: url,
  path: '/api/messages',
  tokens: [...tokens],
  kib: KIB,
  asksPerPost: 0,
});

/** Makes as many accepted POSTs as possible over a fixed number of connections. */
export function topRate(target: Target, durationMs = 8000) {
  return runLoad({
    ...posts(target),
    rhythm: { kind: 'closed', senders: CONNECTIONS, warmUpMs: WARM_UP_MS, durationMs },
  });
}

/** Makes accepted POSTs at a fixed rate, even if the server does not keep up. */
export function atRate(target: Target, ratePerSecond: number, durationMs = 10_000) {
  return runLoad({
    ...posts(target),
    rhythm: { kind: 'open', connections: OPEN_CONNECTIONS, ratePerSecond, warmUpMs: WARM_UP_MS, durationMs },
  });
}

/** Posts each message, and then requests its status `asksPerPost` times. */
export function mixed(target: Target, requests: number, asksPerPost: number) {
  return runLoad({
    ...posts(target),
    asksPerPost,
    rhythm: { kind: 'closed', senders: CONNECTIONS, warmUpMs: 0, requests },
  });
}
