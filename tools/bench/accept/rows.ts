import { CONNECTIONS, KIB, topRate } from '../gateway/loads';
import { startGateway } from '../gateway/start-gateway';
import { beside, notMeasured, type Row } from '../measure';
import { startPart } from '../process/run-part';
import { insertRate } from '../references/pgbench';
import { startNginx } from '../references/start-nginx';
import type { SectionOptions } from '../section';

const REFERENCE_SECONDS = 8;
/** A message in the bucket of 2 KiB: header, padded text, tag. */
const SEALED_BYTES = KIB * 1024 + 16 + 107;

/**
 * A whole accepted POST (token, limits in Redis, budget, commit with fsync, 202) beside what the same PostgreSQL can insert, and the
 * same bodies posted to what does nothing with them: the framework, node:http, and that through nginx.
 */
export async function acceptRows({ profileFolder }: SectionOptions): Promise<Row[]> {
  const inserts: Row[] = [];
  const gateway = await startGateway({
    profile: profileFolder === undefined ? undefined : { folder: profileFolder, name: 'accept' },
    before: async (postgres) => void inserts.push(await insertRate(postgres, { connections: CONNECTIONS, seconds: REFERENCE_SECONDS, sealedBytes: SEALED_BYTES })),
  });
  const { tokens } = gateway;
  const stops = [() => gateway.stop()];
  try {
    const { ratePerSecond, loaderCores } = await topRate(gateway);
    const note = `loading it took ${loaderCores.toFixed(2)} cores${gateway.withRedis ? '' : '; no Redis on this machine: limits counted in the process'}`;
    const accepted: Row = { what: 'accepted POST', value: ratePerSecond, unit: 'req/s', note };
    await gateway.stop();

    const nest = await startPart('references/bare-nest.main.ts');
    stops.push(async () => void (await nest.service.stop()));
    const framework = await bare('bare Nest+Fastify route', nest.port);
    const http = await startPart('references/bare-http.main.ts');
    stops.push(async () => void (await http.service.stop()));
    const plain = await bare('bare node:http', http.port);
    const nginx = await startNginx(http.port);
    if (nginx !== undefined) stops.push(() => nginx.stop());
    const passed = nginx === undefined ? notMeasured('nginx passing through to node:http', 'req/s', 'nginx') : await bare('nginx passing through to node:http', nginx.url);
    const [inserted] = inserts;
    return [
      ...inserts,
      framework,
      plain,
      passed,
      ...(inserted === undefined ? [] : [beside(accepted, inserted, { atLeast: 0.5 })]),
      ...[framework, plain, passed].map((reference) => beside({ what: accepted.what, value: accepted.value, unit: accepted.unit }, reference)),
    ];
  } finally {
    for (const stop of stops) await stop();
  }

  async function bare(what: string, where: number | string): Promise<Row> {
    const url = typeof where === 'string' ? where : `http://127.0.0.1:${String(where)}`;
    return { what, value: (await topRate({ url, tokens })).ratePerSecond, unit: 'req/s' };
  }
}
