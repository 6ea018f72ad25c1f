import { atRate, topRate } from './gateway/loads';
import { startGateway } from './gateway/start-gateway';
import { beside, type Row, type SectionOptions } from './measure';
import { startPart } from './process/run-part';

const SHARE_OF_TOP = 0.5;

/**
 * Measures the latency of accepted POSTs at half of the top rate. Compares it with the latency of the bare framework at the same rate. Each
 * POST is sent at a fixed time, even if the server does not keep up.
 */
export async function latencyRows({ profileFolder }: SectionOptions): Promise<Row[]> {
  const gateway = await startGateway({
    profile: profileFolder === undefined ? undefined : { folder: profileFolder, name: 'latency' },
  });
  const nest = await startPart('references/bare-nest.main.ts');
  try {
    const top = await topRate(gateway);
    const rate = top.ratePerSecond * SHARE_OF_TOP;
    const accepted = latencyOf('accepted POST', (await atRate(gateway, rate)).latencyMs);
    const bare = latencyOf(
      'bare Nest+Fastify route',
      (await atRate({ url: `http://127.0.0.1:${String(nest.port)}`, tokens: gateway.tokens }, rate)).latencyMs,
    );
    return [
      {
        what: 'accepted POST, top rate',
        value: top.ratePerSecond,
        unit: 'req/s',
        note: `latencies are those at ${rate.toFixed(0)} req/s`,
      },
      bare.p50,
      bare.p99,
      beside(accepted.p50, bare.p50),
      beside(accepted.p99, bare.p99),
    ];
  } finally {
    await nest.service.stop();
    await gateway.stop();
  }
}

export function latencyOf(
  what: string,
  latency: { readonly p50: number; readonly p99: number; readonly max: number; readonly count: number } | null,
): { readonly p50: Row; readonly p99: Row } {
  const row = (name: string, value: number | undefined, note?: string): Row => ({
    what: `${what}, ${name}`,
    value: value ?? null,
    unit: 'ms',
    ...(note !== undefined && { note }),
  });
  return {
    p50: row('p50', latency?.p50),
    p99: row(
      'p99',
      latency?.p99,
      latency === null ? undefined : `of ${String(latency.count)}, the slowest ${latency.max.toFixed(1)} ms`,
    ),
  };
}
