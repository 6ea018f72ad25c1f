import { connect } from '@communique-tee/client';
import { HIGH_RATE_LIMITS, startSystem, type System } from '@communique-tee/test-system';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { beside, type Row } from '../measure';
import { percentilesOf } from '../load/percentiles';
import { settledMiB } from '../memory/resident';
import { startPart } from '../process/run-part';
import { bundleRow } from './bundle';
import { ledgerRow } from './ledger';

const TASKS = 60;
const WARM_UP = 10;
const PEOPLE = 8;
const TOGETHER_MS = 5000;
const TEXT = 'Please mend the bridge on Main Street. It was closed in May, and the detour takes an hour. '.repeat(10);

/**
 * Compares a sealed task with a plain one: the same request to the provider through two forwarders in place of gateway and enclave. Also
 * measures the enclave's memory and bundle with and without agents, and how many reservations PostgreSQL settles.
 */
export async function agentsRows(): Promise<Row[]> {
  const folder = await temporaryFolder('bench-agents');
  const without = await memoryOf(`${folder.path}/without`, undefined);
  const system = await startSystem({
    folder: `${folder.path}/with`,
    agents: {},
    postgresSettings: { fsync: 'on' },
    gatewayEnvironment: {
      ...HIGH_RATE_LIMITS,
      DEFAULT_USER_DAILY_LIMIT: '1000',
      SYSTEM_HOURLY_LIMIT: '10000',
      EMERGENCY_SHUTDOWN_THRESHOLD: '100000',
    },
  });
  try {
    const plain = await plainCalls(system, `${folder.path}/with/providers/ca.pem`);
    const tokens = await Promise.all(
      Array.from({ length: PEOPLE }, (_, at) => system.issuer.token(`bench-${String(at)}`)),
    );
    const clients = await Promise.all(
      tokens.map((token) =>
        connect(
          system.gatewayUrl,
          { acceptedMeasurements: system.accepted, unsafeDevelopmentRootPem: system.developmentRootPem },
          { token: () => token },
        ),
      ),
    );
    const [client] = clients;
    if (!client) throw new Error('no client');
    const task = { task: 'draft', modelClass: 'fast', language: 'en', text: TEXT } as const;
    const ask = async (by = client): Promise<void> => {
      const { text } = await by.agent(task);
      if (text === null) throw new Error('a task without a text');
    };
    // Sealed and plain calls alternate, so that a slow phase of the machine affects both
    const [sealedMs, plainMs]: [number[], number[]] = [[], []];
    for (let at = 0; at < WARM_UP + TASKS; at++) {
      const [sealed, bare] = [await timed(ask), await timed(plain.ask)];
      if (at < WARM_UP) continue;
      sealedMs.push(sealed);
      plainMs.push(bare);
    }
    await plain.stop();
    let done = 0;
    const endsMs = performance.now() + TOGETHER_MS;
    await Promise.all(
      clients.map(async (by) => {
        while (performance.now() < endsMs) {
          await ask(by);
          done += 1;
        }
      }),
    );
    const plainRow: Row = { what: 'plain call through two hops, p50', value: percentilesOf(plainMs).p50, unit: 'ms' };
    const { pid } = system.services.enclave;
    const loaded = pid === undefined ? undefined : await settledMiB(pid);
    const memory = (what: string, value: number | undefined): Row => ({ what, value: value ?? null, unit: 'MiB' });
    const before = memory('enclave without agents, resident', without);
    return [
      plainRow,
      {
        ...beside({ what: 'sealed task, p50', value: percentilesOf(sealedMs).p50, unit: 'ms' }, plainRow),
        note: 'the client keeps the attested key; for every task, the enclave waits 50 ms before it connects',
      },
      { what: 'sealed task, p99', value: percentilesOf(sealedMs).p99, unit: 'ms' },
      {
        what: `tasks settled, ${String(PEOPLE)} people at once`,
        value: (done * 1000) / TOGETHER_MS,
        unit: 'op/s',
        note: 'everything on one machine, the simulated provider too',
      },
      await ledgerRow(system),
      before,
      beside(memory(`enclave with agents, resident, after ${String(WARM_UP + TASKS + done)} tasks`, loaded), before),
      ...(await bundleRow()),
    ];
  } finally {
    await system.stop();
    await folder.remove();
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function memoryOf(folder: string, agents: undefined): Promise<number | undefined> {
  const system = await startSystem({ folder, agents });
  try {
    const { pid } = system.services.enclave;
    return pid === undefined ? undefined : await settledMiB(pid);
  } finally {
    await system.stop();
  }
}

async function plainCalls(system: System, authorityFile: string) {
  const openai = system.providers?.openai;
  if (!openai) throw new Error('no simulated providers');
  const second = await startPart('agents/forwarder.main.ts', `${openai.origin}/v1/responses`, authorityFile);
  const first = await startPart('agents/forwarder.main.ts', `http://127.0.0.1:${String(second.port)}/`);
  const body = JSON.stringify({
    model: 'gpt-6-luna',
    instructions: 'Your task: rewrite the draft as a clear, courteous letter.',
    input: TEXT,
    max_output_tokens: 2048,
    reasoning: { effort: 'none' },
    store: false,
    service_tier: 'default',
  });
  return {
    ask: async (): Promise<void> => {
      const response = await fetch(`http://127.0.0.1:${String(first.port)}/`, {
        method: 'POST',
        headers: { authorization: `Bearer ${openai.apiKey}`, 'content-type': 'application/json' },
        body,
      });
      if (response.status !== 200) throw new Error(`the plain call ended with ${String(response.status)}`);
      await response.text();
    },
    stop: async (): Promise<void> => {
      await first.service.stop();
      await second.service.stop();
    },
  };
}
