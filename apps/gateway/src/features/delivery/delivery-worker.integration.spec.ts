import { generateKeyPairSync } from 'node:crypto';
import { createNsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { encodeRelayAnswer, type MessageStatus, type Outcome } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { TestEnclave, answer, cut, problem, silent, type Behaviour } from '../enclave/testing/test-enclave';
import { DeliveryBench, type BenchConfig } from './testing/delivery-bench';
import { EnclaveIdentity } from './testing/enclave-identity';

const trusting = { isTrusted: () => true, checkNow: () => Promise.resolve(), onTrusted: () => undefined };

/** Reads until `fits` accepts the value, for up to a minute, and returns that value. */
async function until<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let round = 0; round < 3000; round++) {
    const value = await read();
    if (fits(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the condition did not become true in time');
}

describe('DeliveryWorker', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let folder: TemporaryFolder;
  let config: BenchConfig;
  let identity: EnclaveIdentity;
  let enclave: TestEnclave;
  let bench: DeliveryBench;
  const others: DeliveryBench[] = [];

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres({ own: true }), temporaryFolder()]);
    databaseUrl = await postgres.createMigratedDatabase();
    const nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    identity = new EnclaveIdentity((fields) => nsm.attest(fields), developmentMeasurements.pcr0);
    config = {
      database: { url: databaseUrl, poolSize: 5 },
      enclave: { addresses: [`unix:${folder.file('enclave')}`], timeoutMs: 20_000 },
      attestation: {
        verify: true,
        acceptedMeasurements: [developmentMeasurements],
        trustAnchorPem: await developmentRootPem(folder.file('root')),
        cacheMs: 0,
        maxAgeMs: 60_000,
      },
      delivery: { concurrency: 4, leaseMs: 60_000, minBackoffMs: 10, maxBackoffMs: 50, pollMs: 20 },
      budget: {
        userDayCapMicroUsd: 10n ** 9n,
        userDayMessages: 0,
        systemHourCapMicroUsd: 10n ** 9n,
        systemDayCapMicroUsd: 10n ** 9n,
        deliveryPriceMicroUsd: 10_000n,
      },
    };
  });
  afterAll(async () => {
    await postgres.stop();
    await folder.remove();
  });

  beforeEach(async () => {
    enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, accepting(['accepted']));
    await enclave.start();
    bench = new DeliveryBench(config);
  });
  afterEach(async () => {
    await bench.database.client.deliveryJob.deleteMany();
    await Promise.all([bench, ...others.splice(0)].map((each) => each.close()));
    await enclave.stop();
  });

  const accepting =
    (
      outcomes: readonly Outcome[],
      ...forged: Parameters<EnclaveIdentity['answer']> extends [unknown, unknown, ...infer Rest] ? Rest : never
    ): Behaviour =>
    async (request, response) => {
      answer(response, 200, 'application/cbor', await identity.encodedAnswer(request.body, outcomes, ...forged));
    };
  /** Uses the behaviors one after the other; the last one repeats. */
  const inTurn = (...behaviours: [Behaviour, ...Behaviour[]]): Behaviour => {
    let turn = 0;
    return (...parameters) => (behaviours[Math.min(turn++, behaviours.length - 1)] ?? behaviours[0])(...parameters);
  };
  const otherBench = (changes: Partial<BenchConfig> = {}) => {
    const made = new DeliveryBench({ ...config, ...changes });
    others.push(made);
    return made;
  };
  const start = (on = bench, monitor: Parameters<DeliveryBench['worker']>[0] = trusting) => {
    const made = on.worker(monitor);
    made.worker.onApplicationBootstrap();
    return made;
  };
  const ended = (messageId: string) =>
    until(
      () => bench.message(messageId),
      ({ endedAt }) => endedAt !== null,
    );
  const settledOf = ({ reservations }: Awaited<ReturnType<typeof ended>>) =>
    reservations.map(({ state, settledMicroUsd }) => ({ state, settledMicroUsd }));
  const settled = (amount: bigint) => [{ state: 'settled', settledMicroUsd: amount }];

  describe('a message whose final receipt has the outcomes', () => {
    it.each<[Outcome[], MessageStatus, bigint]>([
      [['accepted', 'duplicate'], 'delivered', 20_000n],
      [['accepted', 'refused'], 'partially_delivered', 10_000n],
      [['refused'], 'refused', 0n],
      [['accepted', 'unknown'], 'unknown', 20_000n],
      [[], 'refused', 0n],
    ])('%j ends as %s', async (outcomes, status, cost) => {
      enclave.behaviour = accepting(outcomes);
      const { messageId, sealed } = await bench.accept();
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({
        status,
        reason: null,
        attempts: 1,
        job: null,
        receipt: expect.any(String) as string,
        attestationDocument: expect.any(Uint8Array) as Uint8Array,
        sealedAnswer: expect.any(Uint8Array) as Uint8Array,
      });
      expect(settledOf(message)).toEqual(settled(cost));
      expect(enclave.requests.map(({ body }) => Buffer.from(body).equals(sealed))).toEqual([true]);
    });
  });

  it('relays and settles accepted messages while an emergency stop is set', async () => {
    const { messageId } = await bench.accept();
    await bench.emergencyStop.raise('a test');
    try {
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({ status: 'delivered', job: null });
      expect(settledOf(message)).toEqual(settled(10_000n));
    } finally {
      await bench.database.client.emergencyStop.deleteMany();
    }
  });

  it('keeps the interim receipt while an office is pending, and asks again with the same bytes', async () => {
    const receipts: string[] = [];
    enclave.behaviour = async (request, response) => {
      const made = await identity.answer(
        request.body,
        receipts.length === 0 ? ['accepted', 'pending'] : ['accepted', 'accepted'],
        receipts.length === 0 ? { retryAfterSeconds: 3600 } : {},
      );
      receipts.push(made.receipt);
      answer(response, 200, 'application/cbor', encodeRelayAnswer(made));
    };
    const { messageId } = await bench.accept();
    const { signal } = start();
    const waiting = await until(
      () => bench.message(messageId),
      ({ receipt }) => receipt !== null,
    );
    expect(waiting).toMatchObject({
      status: 'queued',
      reason: 'office_unreachable',
      endedAt: null,
      receipt: receipts[0],
      job: { dispatchedAt: null, leaseOwner: null },
      reservations: [{ state: 'reserved' }],
    });
    expect(waiting.job?.nextAttemptAt.getTime()).toBeGreaterThan(Date.now() + 3_500_000); // the enclave's wait, above the gateway's cap
    await bench.database.client.deliveryJob.update({ where: { messageId }, data: { nextAttemptAt: new Date(0) } });
    signal.notify();
    expect(await ended(messageId)).toMatchObject({ status: 'delivered', attempts: 2, receipt: receipts[1] });
    expect(enclave.requests[0]?.body).toEqual(enclave.requests[1]?.body);
    // The interim receipt tells an enclave that has forgotten the earlier copies not to send them again
    expect(
      enclave.requests.map(({ headers }) => [
        headers?.['communique-dispatched-before'],
        headers?.['communique-interim-receipt'],
      ]),
    ).toEqual([
      [undefined, undefined],
      [undefined, receipts[0]],
    ]);
  });

  it('delivers a message when the enclave can be reached again, and sets no dispatch until then', async () => {
    await enclave.stop();
    const { messageId } = await bench.accept();
    start();
    const waiting = await until(
      () => bench.message(messageId),
      // The job is read after the message, so the next attempt may have begun between the two.
      ({ attempts, status, job }) => attempts >= 2 && status === 'queued' && job?.dispatchedAt === null,
    );
    expect(waiting).toMatchObject({ reason: 'enclave_unavailable' });
    await enclave.start();
    expect(await ended(messageId)).toMatchObject({ status: 'delivered' });
  });

  it.each<[string, Behaviour]>([
    ['a cut connection', cut],
    [
      'garbage',
      (_request, response) => {
        answer(response, 200, 'application/cbor', 'garbage');
      },
    ],
    [
      'a huge answer',
      (_request, response) => {
        answer(response, 200, 'application/cbor', new Uint8Array(1 << 20));
      },
    ],
    ['an internal error', problem('internal_error')],
  ])('asks again after %s, and keeps the dispatch set', async (_what, behaviour) => {
    let standing: Date | null | undefined;
    const { messageId } = await bench.accept();
    enclave.behaviour = inTurn(behaviour, async (request, response) => {
      standing = (await bench.message(messageId)).job?.dispatchedAt;
      await accepting(['duplicate'])(request, response);
    });
    start();
    expect(await ended(messageId)).toMatchObject({ status: 'delivered', attempts: 2 });
    expect(enclave.requests.map(({ headers }) => headers?.['communique-dispatched-before'])).toEqual([undefined, '1']);
    expect(standing).toBeInstanceOf(Date);
  });

  it('commits the dispatch before a byte arrives at the enclave', async () => {
    const { messageId } = await bench.accept();
    let noted: Date | null | undefined;
    enclave.behaviour = async (request, response) => {
      noted = (await bench.message(messageId)).job?.dispatchedAt;
      await accepting(['accepted'])(request, response);
    };
    start();
    await ended(messageId);
    expect(noted).toBeInstanceOf(Date);
  });

  it('sends nothing in an attempt if the process was suspended after the dispatch for longer than the lease', async () => {
    const leaseMs = 2000;
    const stopped = otherBench({ delivery: { ...config.delivery, leaseMs } });
    const dispatch = stopped.queue.dispatch.bind(stopped.queue);
    jest.spyOn(stopped.queue, 'dispatch').mockImplementationOnce(async (job) => {
      const may = await dispatch(job);
      await new Promise((resolve) => setTimeout(resolve, leaseMs + 100));
      return may;
    });
    const { messageId } = await bench.accept();
    start(stopped);
    const { status, attempts } = await ended(messageId);
    expect([status, attempts > 1]).toEqual(['delivered', true]);
    expect(enclave.requests).toHaveLength(1);
  });

  it('aborts an attempt that takes too long, and asks again', async () => {
    enclave.behaviour = inTurn(silent, accepting(['accepted']));
    // Long enough for the second answer to arrive in time on a slow machine.
    const impatient = otherBench({ enclave: { ...config.enclave, timeoutMs: 2000 } });
    const { messageId } = await bench.accept();
    start(impatient);
    expect(await ended(messageId)).toMatchObject({ status: 'delivered', attempts: 2 });
  });

  describe('the problems that end a message', () => {
    it.each([
      ['key_retired', 'key_retired'],
      ['sealed_message_refused', 'refused'],
      ['message_expired', 'expired'],
    ] as const)('%s ends it as %s, at no cost', async (code, status) => {
      enclave.behaviour = problem(code);
      const { messageId } = await bench.accept();
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({ status, reason: code, job: null, receipt: null });
      expect(settledOf(message)).toEqual(settled(0n));
    });

    it.each(['key_retired', 'message_expired'] as const)(
      '%s after a cut connection ends it as unknown, at the cost of the reservation',
      async (code) => {
        enclave.behaviour = inTurn(cut, problem(code));
        const { messageId } = await bench.accept();
        start();
        const message = await ended(messageId);
        expect(message).toMatchObject({ status: 'unknown', reason: code });
        expect(settledOf(message)).toEqual(settled(40_000n));
      },
    );

    it('enclave_busy after a cut connection does not clear the unanswered dispatch', async () => {
      enclave.behaviour = inTurn(cut, problem('enclave_busy'), problem('key_retired'));
      const { messageId } = await bench.accept();
      start();
      expect(await ended(messageId)).toMatchObject({ status: 'unknown', attempts: 3 });
    });

    it('key_retired after an interim receipt ends it by that receipt', async () => {
      enclave.behaviour = inTurn(accepting(['accepted', 'pending']), problem('key_retired'));
      const { messageId } = await bench.accept();
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({
        status: 'partially_delivered',
        reason: 'key_retired',
        receipt: expect.any(String) as string,
      });
      expect(settledOf(message)).toEqual(settled(10_000n));
    });
  });

  describe('a message that has expired', () => {
    it('ends without being sent', async () => {
      const { messageId } = await bench.accept(new Date(Date.now() - 1000));
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({ status: 'expired', reason: 'message_expired', job: null });
      expect(settledOf(message)).toEqual(settled(0n));
      expect(enclave.requests).toEqual([]);
    });

    it('ends as unknown if it was sent without an answer', async () => {
      const { messageId } = await bench.accept(new Date(Date.now() - 1000));
      await bench.database.client.deliveryJob.update({ where: { messageId }, data: { dispatchedAt: new Date() } });
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({ status: 'unknown', reason: 'message_expired' });
      expect(settledOf(message)).toEqual(settled(40_000n));
    });

    it('keeps its interim receipt, which decides the cost', async () => {
      const { messageId, sealed } = await bench.accept(new Date(Date.now() - 1000));
      const { receipt, attestationDocument } = await identity.answer(sealed, ['accepted', 'pending']);
      await bench.database.client.message.update({
        where: { id: messageId },
        data: { receipt, attestationDocument: new Uint8Array(attestationDocument) },
      });
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({ status: 'expired', receipt });
      expect(settledOf(message)).toEqual(settled(10_000n));
    });

    it('ends even while the gateway may not relay', async () => {
      const { messageId } = await bench.accept(new Date(Date.now() - 1000));
      start(bench, { ...trusting, isTrusted: () => false });
      expect(await ended(messageId)).toMatchObject({ status: 'expired' });
    });
  });

  describe('a receipt that cannot be trusted', () => {
    it.each<[string, () => Behaviour]>([
      ['signed by another key', () => accepting(['accepted'], {}, { key: generateKeyPairSync('ed25519').privateKey })],
      [
        'for another message',
        () => accepting(['accepted'], {}, { claims: { message_id: '00000000-0000-4000-8000-000000000000' } }),
      ],
      ['for other sealed bytes', () => accepting(['accepted'], {}, { claims: { sealed_sha256: 'A'.repeat(43) } })],
      ['of another measurement', () => accepting(['accepted'], {}, { claims: { pcr0: 'ab'.repeat(48) } })],
      ['that contradicts the state beside it', () => accepting(['accepted', 'pending'], { state: 'final' })],
    ])('%s does not end the message', async (_what, forged) => {
      enclave.behaviour = inTurn(forged(), forged(), accepting(['refused']));
      const { messageId } = await bench.accept();
      start();
      expect(await ended(messageId)).toMatchObject({ status: 'refused', attempts: 3 });
      expect(bench.lines.filter((line) => line.includes('the receipt of an answer cannot be trusted'))).toHaveLength(2);
    });
  });

  describe('several workers', () => {
    it('take up the job of a dead worker, and ask the enclave, which remembers the message', async () => {
      const { messageId } = await bench.accept();
      const dying = otherBench({ delivery: { ...config.delivery, leaseMs: 200 } });
      const [job] = await dying.queue.lease(1, 'dying', 'any');
      if (job === undefined) throw new Error('nothing was due');
      await dying.queue.dispatch(job); // it dies here, and its bytes may have been sent
      enclave.behaviour = accepting(['duplicate']);
      start();
      const message = await ended(messageId);
      expect(message).toMatchObject({ status: 'delivered', attempts: 2 });
      expect(settledOf(message)).toEqual(settled(10_000n));
      expect(
        await dying.queue.end(job, {
          kind: 'end',
          status: 'refused',
          reason: null,
          cost: { copies: [] },
          answer: null,
        }),
      ).toBe(false);
      expect(await bench.message(messageId)).toMatchObject({ status: 'delivered' });
    });

    it('do not overwrite each other when an answer comes after its lease has ended', async () => {
      const answers: (() => void)[] = [];
      const slow = otherBench({ delivery: { ...config.delivery, leaseMs: 2000 } });
      const { messageId } = await bench.accept();
      enclave.behaviour = inTurn(
        async (request, response) => {
          await new Promise<void>((resolve) => answers.push(resolve));
          await accepting(['refused'])(request, response);
        },
        accepting(['accepted']),
      );
      const { worker } = start(slow);
      await until(
        () => Promise.resolve(answers.length),
        (count) => count === 1,
      );
      const stopping = worker.beforeApplicationShutdown(); // leases no further job, and waits for the running attempt
      start();
      expect(await ended(messageId)).toMatchObject({ status: 'delivered', attempts: 2 });
      answers.forEach((late) => {
        late();
      });
      await stopping;
      expect(slow.lines.some((line) => line.includes('another worker has this message'))).toBe(true);
      const message = await bench.message(messageId);
      expect(message).toMatchObject({ status: 'delivered' });
      expect(settledOf(message)).toEqual(settled(10_000n));
    });

    it('relay each of many messages once', async () => {
      const accepted = await Promise.all(Array.from({ length: 20 }, () => bench.accept()));
      start();
      start(otherBench());
      start(otherBench());
      for (const { messageId } of accepted)
        expect(await ended(messageId)).toMatchObject({ status: 'delivered', attempts: 1 });
      expect(enclave.requests).toHaveLength(20);
    });
  });

  describe('a worker that is asked to stop', () => {
    it('finishes the running attempts and leases no further job', async () => {
      let release: () => void = () => undefined;
      enclave.behaviour = async (request, response) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        await accepting(['accepted'])(request, response);
      };
      const first = await bench.accept();
      const { worker, signal } = start();
      await until(
        () => Promise.resolve(enclave.requests.length),
        (count) => count === 1,
      );
      const stopped = worker.beforeApplicationShutdown();
      const second = await bench.accept();
      signal.notify();
      release();
      await stopped;
      expect(await bench.message(first.messageId)).toMatchObject({ status: 'delivered' });
      expect(await bench.message(second.messageId)).toMatchObject({
        status: 'queued',
        attempts: 0,
        job: { leaseOwner: null },
      });
    });
  });

  it('takes up a new message at once when it is notified', async () => {
    const patient = otherBench({ delivery: { ...config.delivery, pollMs: 60_000 } });
    const { signal } = start(patient);
    await new Promise((resolve) => setTimeout(resolve, 50)); // the worker's first poll found no job
    const { messageId } = await bench.accept();
    signal.notify();
    expect(await ended(messageId)).toMatchObject({ status: 'delivered' });
  });

  it('does not read the queue again after an attempt if the worker had room for more jobs', async () => {
    const patient = otherBench({ delivery: { ...config.delivery, pollMs: 60_000 } });
    const leased = jest.spyOn(patient.queue, 'lease');
    const { messageId } = await patient.accept();
    start(patient);
    await ended(messageId);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(leased.mock.calls.map(([, , what]) => what)).toEqual(['any', 'expired']);
  });

  it('takes up the next message when an attempt ends if the worker had no room for that message before', async () => {
    const narrow = otherBench({ delivery: { ...config.delivery, concurrency: 1, pollMs: 60_000 } });
    const accepted = [await narrow.accept(), await narrow.accept(), await narrow.accept()];
    start(narrow);
    for (const { messageId } of accepted) expect(await ended(messageId)).toMatchObject({ status: 'delivered' });
  });

  it.each([
    [4, 4],
    [1000, 32],
  ])('with DELIVERY_CONCURRENCY=%i gives one enclave at most %i attempts at once', (concurrency, limit) => {
    const { worker } = otherBench({ delivery: { ...config.delivery, concurrency } }).worker(trusting);
    expect(worker.paces()).toEqual([{ limit, underWay: 0 }]);
  });

  it('does not read the backlog for each new message while the gateway may not relay', async () => {
    const patient = otherBench({ delivery: { ...config.delivery, pollMs: 60_000 } });
    const leased = jest.spyOn(patient.queue, 'lease');
    const { signal } = start(patient, { ...trusting, isTrusted: () => false });
    for (let round = 0; round < 20; round++) {
      signal.notify();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(leased.mock.calls.map(([, , what]) => what)).toEqual(['expired']);
  });

  it('stores an answer that came while the database was away', async () => {
    const { messageId } = await bench.accept();
    enclave.behaviour = async (request, response) => {
      await postgres.kill();
      await accepting(['accepted'])(request, response);
      setTimeout(() => void postgres.restart(), 100);
    };
    start();
    const message = await until(
      () => bench.message(messageId).catch(() => undefined),
      (value) => value?.endedAt instanceof Date,
    );
    expect(message).toMatchObject({ status: 'delivered', attempts: 1 });
  });

  describe('an enclave that is not the expected one', () => {
    it('gets no message until the expected one runs', async () => {
      const { messageId } = await bench.accept();
      const wrong = createNsm(
        await createMockNsmTransport({
          rootFolder: folder.file('root'),
          pcrs: new Map([[0, new Uint8Array(48).fill(9)]]),
        }),
      );
      let attested = new EnclaveIdentity((fields) => wrong.attest(fields), '09'.repeat(48));
      enclave.behaviour = async (request, response) => {
        if (request.path === '/messages') return accepting(['accepted'])(request, response);
        if (request.path !== '/attestation') return problem('not_found')(request, response);
        answer(
          response,
          200,
          'application/cose',
          await attested.document(Buffer.from(request.query.get('nonce') ?? '', 'hex')),
        );
      };
      const monitor = bench.monitor();
      try {
        await monitor.checkNow();
        expect(monitor.state()).toMatchObject({ kind: 'refused', code: 'ERR_ATTESTATION_MEASUREMENT' });
        const { signal } = start(bench, monitor);
        for (let round = 0; round < 5; round++) {
          signal.notify();
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
        expect(await bench.message(messageId)).toMatchObject({ status: 'queued', attempts: 0 });
        expect(enclave.requests.filter(({ path }) => path === '/messages')).toEqual([]);
        attested = identity;
        await monitor.checkNow();
        expect(monitor.state()).toMatchObject({ kind: 'verified', pcr0: developmentMeasurements.pcr0 });
        expect(await ended(messageId)).toMatchObject({ status: 'delivered', attempts: 1 });
      } finally {
        await monitor.beforeApplicationShutdown();
      }
    });
  });

  it('sends nothing if the enclave is no longer trusted after the lease, and does not count the attempt', async () => {
    const { messageId } = await bench.accept();
    let looks = 0;
    const { worker } = start(bench, { ...trusting, isTrusted: () => ++looks === 1 });
    await until(
      () => Promise.resolve(looks),
      (count) => count >= 3,
    );
    await worker.beforeApplicationShutdown();
    expect(await bench.message(messageId)).toMatchObject({
      status: 'queued',
      attempts: 0,
      job: { leaseOwner: null, dispatchedAt: null },
    });
    expect(enclave.requests).toEqual([]);
  });

  it('logs no part of a message or receipt', async () => {
    const { messageId, sealed } = await bench.accept();
    start();
    const { receipt } = await ended(messageId);
    await bench.stopWorkers();
    const log = bench.lines.join('');
    expect(log).toContain(messageId);
    expect(log).not.toContain(receipt);
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      expect(log).not.toContain(Buffer.from(sealed).subarray(200, 260).toString(encoding));
  });
});
