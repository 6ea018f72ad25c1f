import { CONNECTIONS, KIB, topRate } from './gateway/loads';
import { startGateway } from './gateway/start-gateway';
import { beside, bestOf, notMeasured, type Row, type SectionOptions } from './measure';
import { startPart } from './process/run-part';
import { prepareInserts } from './references/pgbench';
import { startNginx } from './references/start-nginx';

const ROUNDS = 2;
const DURATION_MS = 5000;
const BARE_DURATION_MS = 3000;
/** Bytes of a sealed message: the text padded to 2 KiB, the tag, and the header. */
const SEALED_BYTES = KIB * 1024 + 16 + 107;

/**
 * Measures a whole accepted POST (token, limits in Redis, budget, commit with fsync, 202). Compares it with inserts into the same
 * PostgreSQL, and with the same POSTs to servers that ignore the body: the framework, node:http, and node:http behind nginx.
 */
export async function acceptRows({ profileFolder }: SectionOptions): Promise<Row[]> {
  const gateway = await startGateway({
    profile: profileFolder === undefined ? undefined : { folder: profileFolder, name: 'accept' },
  });
  const { tokens } = gateway;
  const stops = new AsyncDisposableStack();
  stops.defer(() => gateway.stop());
  try {
    const inserts = await prepareInserts(gateway.postgres, {
      connections: CONNECTIONS,
      seconds: DURATION_MS / 1000,
      sealedBytes: SEALED_BYTES,
    });
    let loaderCores = 0;
    const accept = async () => {
      const result = await topRate(gateway, DURATION_MS);
      loaderCores = Math.max(loaderCores, result.loaderCores);
      return result.ratePerSecond;
    };
    const [inserted, accepted] = await bestOf(ROUNDS, [inserts.measure, accept]);
    await gateway.stop();

    const nest = await startPart('references/bare-nest.main.ts');
    stops.defer(async () => void (await nest.service.stop()));
    const framework = await bare('bare Nest+Fastify route', nest.port);
    const http = await startPart('references/bare-http.main.ts');
    stops.defer(async () => void (await http.service.stop()));
    const plain = await bare('bare node:http', http.port);
    const nginx = await startNginx(http.port);
    if (nginx !== undefined) stops.defer(() => nginx.stop());
    const passed =
      nginx === undefined
        ? notMeasured('nginx passing through to node:http', 'req/s', 'nginx')
        : await bare('nginx passing through to node:http', Number(new URL(nginx.url).port));

    const insertedRow: Row = { what: inserts.what, value: inserted ?? null, unit: 'row/s', note: inserts.note };
    const acceptedRow: Row = { what: 'accepted POST', value: accepted ?? null, unit: 'req/s' };
    const note = `the load itself took ${loaderCores.toFixed(2)} cores${gateway.withRedis ? '' : '; no Redis on this machine: limits counted in the process'}`;
    return [
      insertedRow,
      framework,
      plain,
      passed,
      { ...beside(acceptedRow, insertedRow, { atLeast: 0.5 }), note },
      ...[framework, plain, passed].map((reference) => beside(acceptedRow, reference)),
    ];
  } finally {
    await stops.disposeAsync();
  }

  async function bare(what: string, port: number): Promise<Row> {
    return {
      what,
      value: (await topRate({ url: `http://127.0.0.1:${String(port)}`, tokens }, BARE_DURATION_MS)).ratePerSecond,
      unit: 'req/s',
    };
  }
}
