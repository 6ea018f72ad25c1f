import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { decodeSealedMessage, toBase64Url } from '@communique-tee/protocol';
import { connect, ClientError, type Client, type Policy, type SendState } from '.';
import { TestGateway, testMessage } from './testing/test-gateway';

const ALIAS = 'arn:aws:kms:us-east-1:111122223333:alias/communique';

describe('a message', () => {
  let gateway: TestGateway;
  let client: Client;
  let tokens: string[];
  const open = (policy: Partial<Policy> = {}) =>
    connect(gateway.url, { ...gateway.policy, ...policy }, { token: () => tokens.shift() ?? 'a.token' });
  const caught = async (work: Promise<unknown>): Promise<ClientError> => {
    const error: unknown = await work.then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ClientError);
    return error as ClientError;
  };
  const steps = (states: readonly SendState[]) => states.map(({ step }) => step);

  beforeEach(async () => {
    gateway = await TestGateway.start();
    tokens = [];
    client = await open();
  });
  afterEach(() => gateway.stop());

  it('is sealed, posted and followed through the event stream; the caller gets its states and a verified receipt', async () => {
    const told: SendState[] = [];
    const sending = client.send(testMessage(), { onState: (state) => told.push(state) });
    const seen: SendState[] = [];
    for await (const state of sending) seen.push(state);
    const result = await sending.result;
    expect(result).toMatchObject({
      id: sending.id,
      status: 'delivered',
      resealed: false,
      report: {
        custody: 'process',
        offices: [
          { office: 'HCA12', outcome: 'accepted' },
          { office: 'SCA01', outcome: 'accepted' },
        ],
        problems: [],
      },
    });
    expect(steps(seen)).toEqual([
      'attesting',
      'attested',
      'sealed',
      'posting',
      'accepted',
      'status',
      'status',
      'status',
      'ended',
    ]);
    expect(seen).toEqual(told);
    const late: SendState[] = [];
    for await (const state of sending) late.push(state);
    expect(late).toEqual(seen);
    expect(gateway.asked.map(({ events }) => events)).toEqual([true]);
    expect(gateway.asked[0]?.token).toBe('Bearer a.token');
    expect(gateway.attestations).toBe(1);
    const sealed = seen.find((state) => state.step === 'sealed');
    expect(
      sealed?.step === 'sealed' && Buffer.compare(sealed.sealed, gateway.posted[0]?.body ?? new Uint8Array()),
    ).toBe(0);
  });

  it('is refused before any post if Congress would not accept it', async () => {
    const { email: _email, ...constituent } = testMessage().constituent;
    const error = await caught(client.send({ ...testMessage(), constituent: constituent as never }).result);
    expect(error).toMatchObject({
      code: 'message_invalid',
      problems: [{ pointer: '/constituent/email', code: 'required' }],
      messageId: undefined,
    });
    for (const nonsense of [null, 'text', 1, [], {}])
      expect(await caught(client.send(nonsense as never).result)).toMatchObject({ code: 'message_invalid' });
    expect(gateway.posted).toEqual([]);
  });

  it('is posted again after a temporary fault, as the same bytes under the same Idempotency-Key', async () => {
    gateway.postFaults = ['cut', { problem: 'overloaded', retryAfter: 1 }, 'cut-after', { problem: 'internal_error' }];
    const states: SendState[] = [];
    const { status } = await client.send(testMessage(), { onState: (state) => states.push(state) }).result;
    expect(status).toBe('delivered');
    expect(gateway.posted).toHaveLength(5);
    expect(new Set(gateway.posted.map(({ body }) => Buffer.from(body).toString('hex'))).size).toBe(1);
    expect(new Set(gateway.posted.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(gateway.posted[0]?.idempotencyKey).toMatch(/^[0-9a-f]{64}$/);
    const waits = states.filter((state) => state.step === 'waiting');
    expect(waits.map((state) => state.step === 'waiting' && state.because)).toEqual([
      'unreachable',
      'overloaded',
      'unreachable',
      'internal_error',
    ]);
    expect(waits[1]).toMatchObject({ waitMs: expect.any(Number) as number });
    expect(waits[1]?.step === 'waiting' && waits[1].waitMs).toBeGreaterThanOrEqual(1000);
  });

  it('is rejected after a final refusal, after a long Retry-After, and if connections break until the post timeout', async () => {
    gateway.postFaults = [{ problem: 'expiry_out_of_range' }];
    expect(await caught(client.send(testMessage()).result)).toMatchObject({
      code: 'refused',
      problem: 'expiry_out_of_range',
      status: 422,
    });
    gateway.postFaults = [{ problem: 'user_daily_limit_reached', retryAfter: 40_000 }];
    expect(await caught(client.send(testMessage()).result)).toMatchObject({
      code: 'refused',
      problem: 'user_daily_limit_reached',
      retryAfterSeconds: 40_000,
      sent: 'not_sent',
    });
    expect(gateway.posted).toHaveLength(2);
    gateway.postFaults = Array.from({ length: 50 }, () => 'cut' as const);
    expect(await caught(client.send(testMessage(), { postTimeoutMs: 1500 }).result)).toMatchObject({
      code: 'unreachable',
    });
    expect(gateway.posted.length).toBeLessThan(8);
  });

  it('is posted once more, with a new token, after a 401', async () => {
    tokens = ['old', 'new'];
    gateway.postFaults = [{ problem: 'unauthenticated' }];
    const states: SendState[] = [];
    const { result } = client.send(testMessage(), { onState: (state) => states.push(state) });
    expect(await result).toMatchObject({ status: 'delivered' });
    expect(states.filter(({ step }) => step === 'waiting')).toEqual([
      { step: 'waiting', during: 'posting', waitMs: 0, because: 'unauthenticated' },
    ]);
    expect(gateway.posted.map(({ token }) => token)).toEqual(['Bearer old', 'Bearer new']);
    gateway.postFaults = [{ problem: 'unauthenticated' }, { problem: 'unauthenticated' }];
    expect(await caught(client.send(testMessage()).result)).toMatchObject({
      code: 'refused',
      problem: 'unauthenticated',
    });
  });

  it.each([
    ['that contains a line break', 'a\r\nx: y'],
    ['that is empty', ''],
    ['that is not a string', undefined as never],
  ])('is not sent with a token %s', async (_, token) => {
    const other = await connect(gateway.url, gateway.policy, { token: () => token });
    expect(await caught(other.send(testMessage()).result)).toMatchObject({ code: 'token_unavailable' });
    expect(gateway.posted).toEqual([]);
  });

  it('is rejected as aborted if the caller aborts before the start or while the client follows the message', async () => {
    gateway.statuses = ['queued'];
    const early = new AbortController();
    early.abort();
    expect(await caught(client.send(testMessage(), { signal: early.signal }).result)).toMatchObject({
      code: 'aborted',
      messageId: undefined,
    });
    const late = new AbortController();
    const sending = client.send(testMessage(), { signal: late.signal });
    for await (const state of sending) {
      if (state.step === 'status') break;
    }
    late.abort();
    expect(await caught(sending.result)).toMatchObject({ code: 'aborted', messageId: sending.id });
  });

  it('is followed only for the time that the caller set', async () => {
    gateway.statuses = ['queued'];
    const sending = client.send(testMessage(), { followTimeoutMs: 300 });
    expect(await caught(sending.result)).toMatchObject({ code: 'timeout', messageId: sending.id });
  });

  describe('after the post,', () => {
    it.each(['json', 'cut', 'cut-each', { problem: 'rate_limited' }, { problem: 'overloaded' }] as const)(
      'is still followed if the gateway answers the request for events with %j',
      async (events) => {
        gateway.events = events;
        expect(await client.send(testMessage()).result).toMatchObject({
          status: 'delivered',
          report: { offices: [{ office: 'HCA12' }, { office: 'SCA01' }] },
        });
      },
    );

    it('is rejected if the gateway reports a delivery without a receipt', async () => {
      gateway.tamper = (view) => ({ ...view, receipt: null, sealedAnswer: null });
      expect(await caught(client.send(testMessage()).result)).toMatchObject({
        code: 'receipt_refused',
        reason: 'receipt_missing',
      });
    });

    it('is rejected if the gateway sends a receipt without the sealed answer', async () => {
      gateway.tamper = (view) => ({ ...view, sealedAnswer: null });
      expect(await caught(client.send(testMessage()).result)).toMatchObject({
        code: 'receipt_refused',
        reason: 'half_a_report',
      });
    });

    it.each([
      ['refused', 'accepted'],
      ['delivered', 'refused'],
      ['delivered', 'pending'],
      ['partially_delivered', 'accepted'],
      ['unknown', 'accepted'],
      ['expired', 'duplicate'],
      ['key_retired', 'accepted'],
    ] as const)('is rejected if the gateway reports %s and the receipt has the outcome %s', async (status, outcome) => {
      gateway.outcome = outcome;
      gateway.statuses = ['queued', status];
      expect(await caught(client.send(testMessage()).result)).toMatchObject({
        code: 'receipt_refused',
        reason: 'status_contradicts_receipt',
      });
    });

    it.each([
      ['refused', 'refused'],
      ['delivered', 'duplicate'],
      ['unknown', 'unknown'],
      ['expired', 'pending'],
    ] as const)(
      'gets its result if the gateway reports %s and the receipt has the outcome %s',
      async (status, outcome) => {
        gateway.outcome = outcome;
        gateway.statuses = ['queued', status];
        expect(await client.send(testMessage()).result).toMatchObject({
          status,
          report: { offices: [{ outcome }, { outcome }] },
        });
      },
    );

    it('is rejected if the gateway sends the receipt of another message', async () => {
      const other = await client.send(testMessage()).result;
      gateway.tamper = (view) => (view.receipt === null ? view : { ...view, receipt: other.view.receipt });
      expect(await caught(client.send(testMessage()).result)).toMatchObject({
        code: 'receipt_refused',
        reason: 'ERR_RECEIPT_OTHER_MESSAGE',
      });
    });

    it('is rejected if the gateway changes the receipt or the sealed answer', async () => {
      gateway.tamper = (view) =>
        view.receipt === null
          ? view
          : { ...view, receipt: { ...view.receipt, receipt: `${view.receipt.receipt.slice(0, -4)}AAAA` } };
      expect(await caught(client.send(testMessage()).result)).toMatchObject({
        code: 'receipt_refused',
        reason: 'ERR_RECEIPT_SIGNATURE',
      });
      gateway.tamper = (view) =>
        view.sealedAnswer === null ? view : { ...view, sealedAnswer: `${view.sealedAnswer.slice(0, -4)}AAAA` };
      expect(await caught(client.send(testMessage()).result)).toMatchObject({
        code: 'receipt_refused',
        reason: 'ERR_CRYPTO_OPEN',
      });
    });

    it('is rejected if the gateway sends the status of another message', async () => {
      gateway.tamper = (view) => ({ ...view, id: '00000000-0000-4000-8000-000000000000' });
      expect(await caught(client.send(testMessage()).result)).toMatchObject({ code: 'answer_invalid' });
    });
  });

  it('is rejected if its report is about another office', async () => {
    gateway.tamperAnswer = (answer) => ({
      ...answer,
      offices: answer.offices.map((office) => ({ ...office, office: 'SCA03' })),
    });
    expect(await caught(client.send(testMessage()).result)).toMatchObject({
      code: 'receipt_refused',
      reason: 'offices_differ',
    });
  });

  it('is rejected if its report lacks an office or has one twice', async () => {
    gateway.tamperAnswer = (answer) => ({ ...answer, offices: answer.offices.slice(1) });
    expect(await caught(client.send(testMessage()).result)).toMatchObject({
      code: 'receipt_refused',
      reason: 'offices_differ',
    });
    gateway.tamperAnswer = (answer) => ({
      ...answer,
      offices: answer.offices.map(({ salt }) => ({ ...(answer.offices[0] as (typeof answer.offices)[number]), salt })),
    });
    expect(await caught(client.send(testMessage()).result)).toMatchObject({
      code: 'receipt_refused',
      reason: 'offices_differ',
    });
  });

  it('is reported as refused, with the reason, if the enclave could not read one of its office codes', async () => {
    gateway.statuses = ['refused'];
    gateway.outcome = 'refused';
    const problems = [
      {
        pointer: '/offices/0',
        code: 'invalid',
        message: "/offices/0: must be an office's code, such as HCA12 (House) or SCA01 (Senate)",
      },
    ];
    gateway.tamperAnswer = (answer) => ({ ...answer, offices: answer.offices.slice(1), problems });
    expect(await client.send(testMessage()).result).toMatchObject({
      status: 'refused',
      report: { offices: [{ office: 'SCA01', outcome: 'refused' }], problems },
    });
  });

  it('is rejected if an interim receipt does not verify', async () => {
    gateway.outcome = 'pending';
    gateway.statuses = ['queued', 'expired'];
    const other = await client.send(testMessage()).result;
    gateway.statuses = ['queued', 'delivering', 'delivered'];
    // The second status has the valid receipt and answer of the other message.
    gateway.tamper = (view) =>
      view.status === 'delivering'
        ? { ...view, receipt: other.view.receipt, sealedAnswer: other.view.sealedAnswer }
        : view;
    const states: SendState[] = [];
    expect(await caught(client.send(testMessage(), { onState: (state) => states.push(state) }).result)).toMatchObject({
      code: 'receipt_refused',
      reason: 'ERR_RECEIPT_OTHER_MESSAGE',
    });
    expect(states.filter(({ step }) => step === 'status')).toHaveLength(1);
  });

  describe('after the enclave changed its key,', () => {
    it('is sealed again once, under the same id, if the enclave dropped the old key', async () => {
      gateway.rotate({ keepOld: false });
      const states: SendState[] = [];
      const sending = client.send(testMessage(), { onState: (state) => states.push(state) });
      const result = await sending.result;
      expect(result).toMatchObject({ id: sending.id, status: 'delivered', resealed: true });
      expect(steps(states).filter((step) => step === 'resealing')).toHaveLength(1);
      const [first, second] = gateway.posted;
      expect([first?.id, second?.id]).toEqual([sending.id, sending.id]);
      expect(first?.idempotencyKey).not.toBe(second?.idempotencyKey);
      expect(toBase64Url(decodeSealedMessage(second?.body ?? new Uint8Array()).keyId)).toBe(
        toBase64Url((await client.key()).keyId),
      );
      expect(gateway.attestations).toBe(2);
    });

    it('ends as key_retired if the enclave attests the same key again, or if the next key is retired too', async () => {
      gateway.tamper = (view) =>
        view.receipt === null && view.attempts === 0
          ? view
          : { ...view, status: 'key_retired', receipt: null, sealedAnswer: null };
      const result = client.send(testMessage()).result;
      // The enclave still attests the key that the gateway reports as retired, so the client does not seal again.
      expect(await result).toMatchObject({ status: 'key_retired', resealed: false, report: null });
      expect(gateway.posted).toHaveLength(1);
      gateway.tamper = (view) => {
        if (view.status === 'queued') return view;
        gateway.rotate({ keepOld: false });
        return { ...view, status: 'key_retired', receipt: null, sealedAnswer: null };
      };
      expect(await client.send(testMessage()).result).toMatchObject({ status: 'key_retired', resealed: true });
      expect(gateway.posted).toHaveLength(3);
    });

    describe('while a chamber does not recognize a repeated message,', () => {
      beforeEach(() => {
        gateway.deduplicates = { house: true, senate: false };
      });
      const risk = { when: 'sending_again', chambers: ['senate'] };

      it('is not sent again unless the caller agrees', async () => {
        client = await open();
        gateway.rotate({ keepOld: false });
        expect(await client.send(testMessage()).result).toMatchObject({ status: 'key_retired', resealed: false });
        expect(gateway.posted).toHaveLength(1);
      });

      it.each<[string, () => unknown]>([
        ['false', () => false],
        ['undefined', () => undefined],
        ['a string', () => 'yes'],
        ['a promise of false', () => Promise.resolve(false)],
      ])('is not sent again if confirmPossibleDuplicate returns %s', async (_, answer) => {
        client = await open();
        gateway.rotate({ keepOld: false });
        const confirmPossibleDuplicate = jest.fn(answer as () => boolean);
        const states: SendState[] = [];
        const { result } = client.send(testMessage(), {
          confirmPossibleDuplicate,
          onState: (state) => states.push(state),
        });
        expect(await result).toMatchObject({ status: 'key_retired', resealed: false });
        expect(confirmPossibleDuplicate.mock.calls).toEqual([[risk]]);
        expect(steps(states)).not.toContain('resealing');
        expect(gateway.posted).toHaveLength(1);
      });

      it('is sent again if the person agrees', async () => {
        client = await open();
        gateway.rotate({ keepOld: false });
        const { result } = client.send(testMessage(), { confirmPossibleDuplicate: () => Promise.resolve(true) });
        expect(await result).toMatchObject({ status: 'delivered', resealed: true });
        expect(gateway.posted).toHaveLength(2);
      });

      it('is rejected as aborted if the caller aborts while the person is asked', async () => {
        client = await open();
        gateway.rotate({ keepOld: false });
        const stop = new AbortController();
        const { result } = client.send(testMessage(), {
          signal: stop.signal,
          confirmPossibleDuplicate: () => {
            stop.abort();
            return new Promise(() => undefined);
          },
        });
        expect(await caught(result)).toMatchObject({ code: 'aborted' });
      });

      it('is sent again to offices of the other chamber without consent', async () => {
        client = await open();
        gateway.rotate({ keepOld: false });
        const message = { ...testMessage(), offices: ['HCA12'] };
        expect(await client.send(message).result).toMatchObject({ status: 'delivered', resealed: true });
      });

      it('needs consent if only the old or only the new enclave attests that the chamber recognizes a repeated message', async () => {
        client = await open(); // The old enclave attests that the Senate does not recognize a repeated message
        gateway.deduplicates = { house: true, senate: true };
        gateway.rotate({ keepOld: false });
        expect(await client.send(testMessage()).result).toMatchObject({ resealed: false });
        gateway.deduplicates = { house: true, senate: false };
        gateway.rotate({ keepOld: false });
        expect(await client.send(testMessage()).result).toMatchObject({ resealed: false });
        expect(gateway.posted).toHaveLength(2);
      });

      it('needs consent if the gateway serves no configuration', async () => {
        gateway.deduplicates = { house: true, senate: true };
        gateway.servesConfiguration = false;
        client = await open();
        gateway.tamper = (view) => {
          if (view.status === 'queued') return view;
          gateway.rotate({ keepOld: false });
          return { ...view, status: 'key_retired', receipt: null, sealedAnswer: null };
        };
        const confirmPossibleDuplicate = jest.fn(() => false);
        const { result } = client.send(testMessage(), { confirmPossibleDuplicate });
        expect(await result).toMatchObject({ status: 'key_retired', resealed: false });
        expect(confirmPossibleDuplicate.mock.calls).toEqual([
          [{ when: 'sending_again', chambers: ['house', 'senate'] }],
        ]);
      });
    });

    describe('while several enclaves have the key and a chamber does not recognize a repeated message,', () => {
      beforeEach(async () => {
        gateway.custody = ALIAS;
        gateway.deduplicates = { house: false, senate: true };
        client = await open();
      });

      it('is not sealed without consent', async () => {
        expect(await caught(client.send(testMessage()).result)).toMatchObject({ code: 'duplicate_not_accepted' });
        expect(gateway.posted).toEqual([]);
        const confirmPossibleDuplicate = jest.fn(() => true);
        const { result } = client.send(testMessage(), { confirmPossibleDuplicate });
        expect(await result).toMatchObject({ status: 'delivered' });
        expect(confirmPossibleDuplicate.mock.calls).toEqual([[{ when: 'sending', chambers: ['house'] }]]);
      });

      it('is sealed to a newly attested key if the first key became too old before the caller consented', async () => {
        client = await open({ maxKeyAgeMs: 0 });
        const old = await client.key();
        const confirmPossibleDuplicate = jest.fn(() => {
          gateway.rotate({ keepOld: true });
          return true;
        });
        expect(await client.send(testMessage(), { confirmPossibleDuplicate }).result).toMatchObject({
          resealed: false,
        });
        expect(confirmPossibleDuplicate).toHaveBeenCalledTimes(1);
        expect(toBase64Url(gateway.posted[0]?.message.keyId ?? new Uint8Array())).not.toBe(toBase64Url(old.keyId));
        // Consent for one chamber does not cover the other
        confirmPossibleDuplicate.mockImplementation(() => {
          gateway.deduplicates = { house: false, senate: false };
          return confirmPossibleDuplicate.mock.calls.length === 2;
        });
        const error = await caught(client.send(testMessage(), { confirmPossibleDuplicate }).result);
        expect(error).toMatchObject({ code: 'duplicate_not_accepted', sent: 'not_sent' });
        expect(confirmPossibleDuplicate).toHaveBeenLastCalledWith({ when: 'sending', chambers: ['house', 'senate'] });
        expect(gateway.posted).toHaveLength(1);
      });

      it('is not sealed if the attestation after the consent fails', async () => {
        client = await open({ maxKeyAgeMs: 0 });
        const confirmPossibleDuplicate = () => {
          gateway.attestationFaults = [{ problem: 'not_found' }];
          return true;
        };
        expect(await caught(client.send(testMessage(), { confirmPossibleDuplicate }).result)).toMatchObject({
          code: 'refused',
          sent: 'not_sent',
        });
        expect(gateway.posted).toEqual([]);
      });

      it('is sealed without consent for offices of the other chamber', async () => {
        const message = { ...testMessage(), offices: ['SCA01'] };
        expect(await client.send(message).result).toMatchObject({ status: 'delivered' });
      });
    });

    it('is delivered with a verified receipt if the enclave keeps the old key', async () => {
      gateway.rotate({ keepOld: true });
      expect(await client.send(testMessage()).result).toMatchObject({ status: 'delivered', resealed: false });
    });

    it('is rejected if the attestation document of the receipt names another key', async () => {
      const { report } = gateway;
      const old = await client.key();
      gateway.rotate({ keepOld: true });
      const fresh = await open();
      expect(toBase64Url((await fresh.key()).keyId)).not.toBe(toBase64Url(old.keyId));
      // A message to the older key gets a receipt with the newer key's attestation document
      jest.spyOn(gateway, 'report').mockImplementation(async (message, keys) => {
        const newer = (gateway as unknown as { keys: NonNullable<typeof keys> }).keys;
        return report.call(gateway, message, { ...newer, pair: (keys ?? newer).pair });
      });
      expect(await caught(client.send(testMessage()).result)).toMatchObject({
        code: 'receipt_refused',
        reason: 'ERR_RECEIPT_KEY_BINDING',
      });
    });
  });

  describe('is sent under a policy, and the client', () => {
    it('refuses a custody that the policy does not list', async () => {
      gateway.custody = ALIAS;
      expect((await (await open()).key()).custody).toBe(ALIAS);
      expect((await (await open({ acceptedCustody: ['process', ALIAS] })).key()).custody).toBe(ALIAS);
      expect(await caught(open({ acceptedCustody: ['process'] }))).toMatchObject({
        code: 'custody_refused',
        reason: ALIAS,
      });
    });

    it('refuses an enclave with another measurement, and the development root if the policy does not name it', async () => {
      expect(
        await caught(open({ acceptedMeasurements: [{ ...developmentMeasurements, pcr0: 'ab'.repeat(48) }] })),
      ).toMatchObject({
        code: 'attestation_refused',
        reason: 'ERR_ATTESTATION_MEASUREMENT',
      });
      const { unsafeDevelopmentRootPem: _root, ...policy } = gateway.policy;
      expect(await caught(connect(gateway.url, policy, { token: () => 't' }))).toMatchObject({
        code: 'attestation_refused',
        reason: 'ERR_ATTESTATION_ROOT',
      });
    });

    it.each<[string, unknown]>([
      ['undefined', undefined],
      ['an empty object', {}],
      ['no measurement', { acceptedMeasurements: [] }],
      ['a zero measurement', { acceptedMeasurements: [{ pcr0: '0'.repeat(96), operator: 'any' }] }],
      ['a measurement in upper case', { acceptedMeasurements: [{ pcr0: 'AB'.repeat(48), operator: 'any' }] }],
      ['an image without its operator', { acceptedMeasurements: [{ pcr0: 'ab'.repeat(48) }] }],
      ['an operator other than "any"', { acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), operator: '*' }] }],
      ['a zero operator', { acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), pcr3: '0'.repeat(96) }] }],
      ['a misspelled member', { acceptedCustodies: ['process'] }],
      ['an unknown member for the root', { trustAnchor: 'x' }],
      ['an empty custody', { acceptedCustody: [] }],
      ['a maximum age of NaN', { maxAgeMs: NaN }],
      ['a root that is no PEM', { unsafeDevelopmentRootPem: 'x' }],
    ])('refuses an invalid policy: %s', async (_, policy) => {
      const whole =
        policy === undefined ||
        Object.keys(policy as object).length === 0 ||
        'acceptedMeasurements' in (policy as object)
          ? policy
          : { ...gateway.policy, ...(policy as object) };
      expect(await caught(connect(gateway.url, whole as Policy, { token: () => 't' }))).toMatchObject({
        code: 'policy_invalid',
      });
    });

    it('attests a key again after the maximum age of the policy', async () => {
      const short = await open({ maxKeyAgeMs: 0 });
      const before = gateway.attestations;
      await Promise.all([short.key(), short.key(), short.key()]);
      await short.key();
      expect(gateway.attestations).toBe(before + 2);
      await client.key();
      expect(gateway.attestations).toBe(before + 2);
    });

    it('attests a key again when its certificates end', async () => {
      const { attestation } = await client.key();
      const before = gateway.attestations;
      const endsMs = Math.min(...attestation.certificates.map(({ notAfterMs }) => notAfterMs));
      const now = jest.spyOn(Date, 'now').mockReturnValue(endsMs);
      await client.key().catch(() => undefined);
      now.mockRestore();
      expect(gateway.attestations).toBe(before + 1);
    });
  });

  it.each(['http://gateway.example', 'ftp://127.0.0.1', 'nonsense'])('is not posted to the address %s', async (url) => {
    expect(await caught(connect(url, gateway.policy, { token: () => 't' }))).toMatchObject({ code: 'policy_invalid' });
  });
});
