import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { fetchEnclaveKey, connect, type Client, type TaskRequest, type UsageClaims } from '@communique-tee/client';
import { openTaskAnswer, sealTask } from '@communique-tee/crypto';
import {
  agentResultSchema,
  DEFAULT_SUITE,
  decodeSealedAnswer,
  decodeAgentAnswer,
  encodeAgentRequest,
  encodeAgentTask,
  messageIdFromText,
  type AgentResult,
} from '@communique-tee/protocol';
import { HIGH_RATE_LIMITS, plantedMessage, receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import type { SimulatedProviders } from '@communique-tee/test-providers';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';

const DRAFT = 'please mend the bridge on main street. it is closed';
/** The smallest number of answers that an enclave may be configured to remember. */
const REMEMBERED = 10;

/** Two gateways and two enclaves whose keys are sealed under KMS, and the simulated providers. */
describe('a task for a model, through the whole system', () => {
  let folder: TemporaryFolder;
  let system: System;
  let providers: SimulatedProviders;
  const people = new Map<string, string>();

  beforeAll(async () => {
    folder = await temporaryFolder('agents');
    system = await startSystem({
      folder: folder.path,
      gateways: 2,
      enclaves: 2,
      keys: 'sealed',
      agents: {
        classes: [
          { id: 'fast', provider: 'openai', model: 'gpt-6-luna', maxOutputTokens: 1024 },
          { id: 'google', provider: 'gemini', model: 'gemini-2.5-flash-lite', maxOutputTokens: 1024 },
          { id: 'careful', provider: 'anthropic', model: 'claude-haiku-4-5', maxOutputTokens: 1024 },
        ],
        limits: { maxRememberedReplies: REMEMBERED },
      },
      gatewayEnvironment: { DELIVERY_POLL_MS: '100', ...HIGH_RATE_LIMITS },
    });
    if (!system.providers) throw new Error('no providers');
    ({ providers } = system);
  }, 180_000);
  afterAll(async () => {
    await (system as System | undefined)?.stop();
    await folder.remove();
  });
  beforeEach(() => {
    providers.setFaults({});
    providers.clearRequests();
  });

  const tokenOf = async (person: string): Promise<string> => {
    const known = people.get(person) ?? (await system.issuer.token(person));
    people.set(person, known);
    return known;
  };
  const policy = () => ({ acceptedMeasurements: system.accepted, unsafeDevelopmentRootPem: system.developmentRootPem });
  const clientOf = async (person: string, gateway = 0): Promise<Client> => {
    const token = await tokenOf(person);
    return connect(system.gatewayUrls[gateway] ?? system.gatewayUrl, policy(), { token: () => token });
  };
  const task = (more: Partial<TaskRequest> = {}): TaskRequest => ({
    task: 'draft',
    modelClass: 'fast',
    language: 'en',
    text: DRAFT,
    ...more,
  });
  const budgetOf = async (person: string): Promise<{ spent: string; reserved: string; tasks: number }> => {
    const headers = { authorization: `Bearer ${await tokenOf(person)}` };
    return (await fetch(`${system.gatewayUrl}/api/budget`, { headers })).json() as Promise<never>;
  };

  /** A sealed task that a test posts without the client library, to choose the sender, the gateway and the time. */
  interface Sealed {
    readonly id: string;
    readonly request: Uint8Array;
    open(result: AgentResult): string | null;
  }
  const seal = async (text = DRAFT): Promise<Sealed> => {
    const key = await fetchEnclaveKey(system.gatewayUrl, {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    });
    const id = randomUUID();
    const { message, answerKey } = sealTask({
      suite: DEFAULT_SUITE,
      publicKey: key.publicKey,
      keyId: key.keyId,
      messageId: messageIdFromText(id),
      expiresAtSeconds: Math.floor(Date.now() / 1000) + 300,
      nullifier: null,
      plaintext: encodeAgentTask({
        version: 1,
        task: 'draft',
        modelClass: 'fast',
        maxOutputTokens: 256,
        language: 'en',
        subject: null,
        text,
      }),
    });
    return {
      id,
      request: encodeAgentRequest({ modelClass: 'fast', maxOutputTokens: 256, sealed: message }),
      open: ({ answer }) =>
        decodeAgentAnswer(openTaskAnswer(answerKey, message, decodeSealedAnswer(Buffer.from(answer, 'base64')))).text,
    };
  };
  const post = async (person: string, { request }: Sealed, gateway = 0, signal?: AbortSignal): Promise<Response> =>
    fetch(`${system.gatewayUrls[gateway] ?? ''}/api/agents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenOf(person)}`, 'content-type': 'application/cbor' },
      body: new Uint8Array(request),
      ...(signal && { signal }),
    });
  const resultOf = async (response: Response): Promise<AgentResult> => {
    const body: unknown = await response.json();
    expect(body).not.toHaveProperty('code');
    return agentResultSchema.parse(body);
  };
  const codeOf = async (response: Response): Promise<string> =>
    `${String(response.status)} ${((await response.json()) as { code: string }).code}`;
  it.each([
    ['fast', 'openai'],
    ['google', 'gemini'],
    ['careful', 'anthropic'],
  ] as const)('of class %s is answered and signed, and costs exactly what %s billed', async (modelClass, provider) => {
    const person = `billed-${provider}`;
    const { outcome, text, statement, chargedMicroUsd, costChecked } = await (
      await clientOf(person)
    ).agent(task({ modelClass }));
    expect([outcome, text]).toEqual(['complete', 'Please mend the bridge on main street. It is closed.']);
    const [call] = providers.requests();
    const { input, output } = call?.billed ?? {};
    expect(statement).toMatchObject({
      provider,
      end: 'complete',
      usage_state: 'reported',
      usage: { input, output, thinking: 0 },
    } satisfies Partial<Record<keyof UsageClaims, unknown>>);
    expect(costChecked).toBe(true);
    expect(chargedMicroUsd).toBeGreaterThan(0n);
    const { spent, reserved, tasks } = await budgetOf(person);
    expect([Math.round(Number(spent) * 1e6), Number(reserved), tasks]).toEqual([Number(chargedMicroUsd), 0, 1]);
  });

  it('sends nothing to Congress, and the edited answer goes there as a separate message', async () => {
    const client = await clientOf('writer');
    const before = (await receivedBy(system.congress)).length;
    const { text } = await client.agent(task());
    expect(await receivedBy(system.congress)).toHaveLength(before);
    const { message } = plantedMessage();
    const edited = `${text ?? ''} Thank you, and see https://example.org.`;
    const ended = await client.send({ ...message, message: { ...message.message, body: edited } }).result;
    expect(ended.status).toBe('delivered');
    const received = (await receivedBy(system.congress)).slice(before);
    expect(received).toHaveLength(message.offices.length);
    for (const { xml } of received)
      expect(xml).toContain('Please mend the bridge on main street. It is closed. Thank you');
    expect(providers.calls()).toBe(1);
  });

  it('leads to a second attempt, with its own reservation, if the provider says how long to wait', async () => {
    providers.setFaults({ queue: [{ fault: { kind: 'error', class: 'rate', retryAfterSeconds: 0.2 } }] });
    const { outcome, statement, chargedMicroUsd } = await (await clientOf('patient')).agent(task());
    expect([outcome, statement.attempt]).toEqual(['complete', 2]);
    expect(providers.requests().map(({ outcome: each }) => each)).toEqual(['error rate', 'answered']);
    const { spent, reserved } = await budgetOf('patient');
    expect([Math.round(Number(spent) * 1e6), Number(reserved)]).toEqual([Number(chargedMicroUsd), 0]);
  });

  it('gets the same answer when it is repeated through another gateway, and the provider is called once', async () => {
    providers.setFaults({ queue: [{ fault: { kind: 'held' } }] });
    const [person, sealed, gone] = ['cut-off', await seal(), new AbortController()];
    const first = post(person, sealed, 0, gone.signal);
    await providers.waitForCalls(1);
    gone.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    providers.release();
    const answers = [await resultOf(await post(person, sealed, 1)), await resultOf(await post(person, sealed, 0))];
    expect(answers[0]).toEqual(answers[1]);
    expect(answers.map((answer) => sealed.open(answer))).toEqual(
      Array(2).fill('Please mend the bridge on main street. It is closed.'),
    );
    expect(providers.calls()).toBe(1);
  });

  it('is answered with 409 if its enclave was killed or restarted, and other tasks are still answered from memory', async () => {
    // While the first task is under way, the gateway gives the second one to the other enclave
    providers.setFaults({ queue: [{ fault: { kind: 'held' }, times: 2 }] });
    const tasks: { person: string; sealed: Sealed; first: Promise<Response> }[] = [];
    for (const person of ['unlucky-one', 'unlucky-other']) {
      const sealed = await seal();
      tasks.push({ person, sealed, first: post(person, sealed) });
      await providers.waitForCalls(tasks.length);
    }
    providers.release();
    for (const { first } of tasks) expect((await first).status).toBe(200);
    /** Repeats a task until the answer is final: a gateway that has not noticed the kill answers that the enclave is unavailable. */
    const repeated = async (gateway: number, { person, sealed }: (typeof tasks)[number]): Promise<string> => {
      for (;;) {
        const response = await post(person, sealed, gateway);
        if (response.status === 200) return 'answered';
        const code = await codeOf(response);
        if (code !== '503 enclave_unavailable') return code;
        await sleep(100);
      }
    };
    const repeats = async (gateway: number): Promise<string[]> =>
      (await Promise.all(tasks.map((each) => repeated(gateway, each)))).sort();
    await system.kill('enclave', 0);
    try {
      expect(await repeats(1)).toEqual(['409 outcome_unknown', 'answered']);
    } finally {
      await system.start('enclave', 0);
    }
    expect(await repeats(0)).toEqual(['409 outcome_unknown', 'answered']);
    expect(providers.calls()).toBe(2);
  }, 120_000);

  it('is refused while the enclave’s memory is full of paid answers, which the enclave still returns', async () => {
    const first = { person: 'early', sealed: await seal() };
    const given = await resultOf(await post(first.person, first.sealed));
    const [enclave, ...others] = await enclaveAddresses();
    // Posts directly to the enclaves, because a gateway would wait for room
    const ask = async (address: string): Promise<number> => {
      const { request } = await seal();
      const response = await fetch(`http://${address}/agents`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor', 'communique-attempt': '1' },
        body: new Uint8Array(request),
      });
      return response.status;
    };
    for (const address of [enclave ?? '', ...others]) {
      const statuses: number[] = [];
      while (statuses.length < 2 * REMEMBERED && !statuses.includes(503)) statuses.push(await ask(address));
      expect(statuses.at(-1)).toBe(503);
    }
    const calls = providers.calls();
    expect(await resultOf(await post(first.person, first.sealed, 1))).toEqual(given);
    expect(providers.calls()).toBe(calls);
  }, 120_000);

  async function enclaveAddresses(): Promise<string[]> {
    const { ENCLAVE_URLS = '' } = parseEnv(await readFile(system.gatewayEnvironmentFile, 'utf8'));
    return ENCLAVE_URLS.split(',').map((address) => address.replace('tcp:', ''));
  }
});
