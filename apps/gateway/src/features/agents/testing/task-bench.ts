import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRequest } from '@communique-tee/protocol';
import {
  freePort,
  type Service,
  spawnService,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { Database } from '../../../core/database/database';
import { Metrics } from '../../../core/telemetry/metrics';
import { type GatewayUnderTest, startGateway } from '../../../testing/gateway-under-test';
import { AUDIENCE, createIssuer, ISSUER, type Issuer } from '../../../testing/issuer';
import { AttestationMonitor } from '../../attestation/attestation-monitor';
import { encoded, TaskEnclave } from './task-enclave';

export interface Posted {
  readonly status: number;
  /** The code of a problem, or `ok`. */
  readonly code: string;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}

export interface GatewayProcess {
  readonly url: string;
  kill(): Promise<unknown>;
}

/** PostgreSQL, a development root and an issuer, shared by the tests of a spec; each test has its own databases, enclaves and gateways. */
export class TaskBench {
  databaseUrl = '';
  private readonly gateways: GatewayUnderTest[] = [];
  private readonly enclaves: TaskEnclave[] = [];
  private readonly processes: Service[] = [];
  private count = 0;

  private constructor(
    readonly postgres: Postgres,
    readonly folder: TemporaryFolder,
    readonly issuer: Issuer,
  ) {}

  static async start(options: { own?: boolean } = {}): Promise<TaskBench> {
    const [postgres, folder, issuer] = await Promise.all([
      options.own === true ? startPostgres({ own: true }) : startPostgres(),
      temporaryFolder('tasks'),
      createIssuer(),
    ]);
    await issuer.writeKeySet(folder.file('jwks.json'));
    await writeFile(folder.file('root.pem'), await developmentRootPem(folder.file('root')));
    return new TaskBench(postgres, folder, issuer);
  }

  /** Makes a separate database for the following tests. */
  async renew(): Promise<void> {
    this.databaseUrl = await this.postgres.createMigratedDatabase();
  }

  async enclave(sibling?: TaskEnclave): Promise<TaskEnclave> {
    const made = await TaskEnclave.start(
      this.folder.file(`e${String(this.count++)}`),
      this.folder.file('root'),
      sibling,
    );
    this.enclaves.push(made);
    return made;
  }

  environment(enclaves: readonly TaskEnclave[]): Record<string, string> {
    const addresses = enclaves.map(({ server: { address } }) => ('path' in address ? `unix:${address.path}` : ''));
    return {
      DATABASE_URL: this.databaseUrl,
      AUTH_JWKS_FILE: this.folder.file('jwks.json'),
      TEE_PROVIDER: 'mock',
      ENCLAVE_URLS: addresses.join(','),
      TEE_ENDPOINT: addresses[0] ?? '',
      TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
      TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
      ATTESTATION_DEVELOPMENT_ROOT_FILE: this.folder.file('root.pem'),
      AGENTS: 'on',
    };
  }

  /** Starts a gateway in this process, and lets it verify its enclaves. */
  async gateway(enclaves: readonly TaskEnclave[], environment: Record<string, string> = {}): Promise<GatewayUnderTest> {
    const gateway = await startGateway({ ...this.environment(enclaves), ...environment });
    this.gateways.push(gateway);
    await gateway.app.get(AttestationMonitor).checkNow();
    return gateway;
  }

  /** Starts a gateway as a separate process, so that a test can kill it. */
  async process(
    bundle: string,
    enclaves: readonly TaskEnclave[],
    environment: Record<string, string> = {},
  ): Promise<GatewayProcess> {
    const port = await freePort();
    const service = await spawnService({
      command: process.execPath,
      args: [bundle],
      cwd: this.folder.path,
      env: {
        ...this.environment(enclaves),
        NODE_ENV: 'development',
        LOG_LEVEL: 'info',
        PORT: String(port),
        AUTH_ISSUER: ISSUER,
        AUTH_AUDIENCE: AUDIENCE,
        RATE_LIMIT_MAX_REQUESTS: '1000000',
        RATE_LIMIT_OTHER_MAX_REQUESTS: '1000000',
        ...environment,
      },
      readyWhen: /"attestation verified"[^]*"listening"|"listening"[^]*"attestation verified"/,
    });
    this.processes.push(service);
    return { url: `http://127.0.0.1:${String(port)}`, kill: () => service.kill() };
  }

  token(subject = 'alice'): Promise<string> {
    return this.issuer.token(subject);
  }

  async post(
    { url }: Pick<GatewayUnderTest, 'url'>,
    request: AgentRequest | Uint8Array,
    { subject = 'alice', signal }: { subject?: string; signal?: AbortSignal } = {},
  ): Promise<Posted> {
    const response = await fetch(`${url}/api/agents`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor', authorization: `Bearer ${await this.token(subject)}` },
      body: request instanceof Uint8Array ? new Uint8Array(request) : encoded(request),
      ...(signal && { signal }),
    });
    const body = (await response.json()) as Record<string, unknown>;
    const code = typeof body['code'] === 'string' ? body['code'] : 'ok';
    return { status: response.status, code, retryAfter: response.headers.get('retry-after'), body };
  }

  /** Empties the tables of agents and budgets while the gateways keep running. */
  async empty({ app }: GatewayUnderTest): Promise<void> {
    await app.get(Database).client
      .$executeRaw`TRUNCATE agent_reservation, agent_model_off, budget_window, emergency_stop`;
  }

  rows({ app }: GatewayUnderTest) {
    return app.get(Database).client.agentReservation.findMany({ orderBy: [{ reservedAt: 'asc' }, { attempt: 'asc' }] });
  }

  async metric({ app }: GatewayUnderTest, name: string, labels: Record<string, string> = {}): Promise<number> {
    const found = (await app.get(Metrics).registry.getMetricsAsJSON()).find((each) => each.name === name);
    const values = (found?.values ?? []) as { value: number; labels: Record<string, unknown> }[];
    return values
      .filter((each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** Returns the budget windows that differ from the sum of their attempts. */
  async ledgerFaults(): Promise<unknown[]> {
    const client = new Client({ connectionString: this.databaseUrl, options: '-c timezone=UTC' });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, string>>(`
        SELECT w.scope::text, w.subject, w.reserved_micro_usd AS reserved, w.spent_micro_usd AS spent,
          coalesce(sum(r.reserved_micro_usd) FILTER (WHERE r.state = 'reserved'), 0)::bigint AS open,
          coalesce(sum(r.spent_micro_usd), 0)::bigint AS booked
        FROM budget_window w LEFT JOIN agent_reservation r
          ON date_trunc(CASE w.scope WHEN 'system_hour' THEN 'hour' ELSE 'day' END, r.reserved_at) = w.starts_at
          AND (w.scope <> 'user_day' OR r.owner = w.subject)
        GROUP BY w.scope, w.subject, w.starts_at, w.reserved_micro_usd, w.spent_micro_usd`);
      return rows.filter(({ reserved, open, spent, booked }) => reserved !== open || spent !== booked);
    } finally {
      await client.end();
    }
  }

  /** Ends everything that was started, except the given numbers of gateways and enclaves that were started first. */
  async end(keep: { gateways?: number; enclaves?: number } = {}): Promise<void> {
    await Promise.all(this.processes.splice(0).map((service) => service.kill()));
    await Promise.all(this.gateways.splice(keep.gateways ?? 0).map((gateway) => gateway.close()));
    await Promise.all(this.enclaves.splice(keep.enclaves ?? 0).map((enclave) => enclave.kill()));
  }

  async stop(): Promise<void> {
    await this.end();
    await this.postgres.stop();
    await this.folder.remove();
  }
}

export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let round = 0; round < 1000; round++) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error('the condition did not become true in time');
}
