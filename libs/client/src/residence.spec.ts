import {
  claimOf,
  congressAt,
  deliveryOf,
  formatDistrict,
  messageInput,
  openRootNote,
  PROOF_BYTES,
  registrarOf,
  scopeOf,
  VERIFICATION_KEY_SHA256,
  type Witness,
} from '@communique-tee/residence';
import {
  campaignNoteOf,
  listOf,
  ListServer,
  registrationOf,
  TEN,
  TEST_MAX_CAMPAIGN_DAYS,
  TEST_REGISTRAR,
} from '@communique-tee/residence/testing';
import { encodeSealedMessage, fromBase64Url, toBase64Url } from '@communique-tee/protocol';
import { createHash, randomBytes } from 'node:crypto';
import { ClientError, connect, type Client, type ResidenceOptions, type SendOptions, type SendState } from '.';
import { residenceProver, type Prove } from './residence';
import { TestGateway, testMessage } from './testing/test-gateway';

const HOUR = 3600;
const DAY = 24 * HOUR;
const congress = congressAt(Date.now() / 1000);
const person = { ...TEN[9], district: formatDistrict({ congress, state: 'CA', seat: 12 }) };
const others = TEN.slice(0, 3);
const attested = {
  mode: 'required' as const,
  registrar: TEST_REGISTRAR.id,
  keys: TEST_REGISTRAR.verifierKeys,
  maxCampaignDays: TEST_MAX_CAMPAIGN_DAYS,
  verificationKeySha256: VERIFICATION_KEY_SHA256,
};

describe('a proven message', () => {
  const now = Math.floor(Date.now() / 1000);
  const window = { notBefore: now - DAY, notAfter: now + 10 * DAY };
  const campaignNote = campaignNoteOf('c1', { notBefore: now - DAY, notAfter: now + 30 * DAY });
  let gateway: TestGateway;
  let list: ListServer;
  let client: Client;
  let witnesses: Witness[];

  /** Makes no real proof. The specs of libs/residence make real proofs. */
  const prove: Prove = (witness, { onProgress }) => {
    witnesses.push(witness);
    for (const phase of ['loading', 'solving', 'proving'] as const) onProgress(phase);
    return Promise.resolve({ proof: new Uint8Array(randomBytes(PROOF_BYTES)) });
  };
  const residence = (more: Partial<ResidenceOptions> = {}): ResidenceOptions => ({
    secret: person.secret,
    registration: registrationOf(person),
    campaignNote,
    prover: residenceProver(prove),
    ...more,
  });
  const send = (more: Partial<ResidenceOptions> = {}, options: SendOptions = {}) =>
    client.send(testMessage(), { ...options, residence: residence(more) });
  const refusedWith = async (work: Promise<unknown>): Promise<Pick<ClientError, 'code' | 'reason' | 'sent'>> => {
    const error: unknown = await work.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClientError);
    const { code, reason, sent } = error as ClientError;
    return { code, reason, sent };
  };

  beforeEach(async () => {
    witnesses = [];
    gateway = await TestGateway.start();
    gateway.residence = attested;
    list = await ListServer.start(listOf([person, ...others], window));
    gateway.listAddress = list.url;
    client = await connect(gateway.url, gateway.policy, {});
  });
  afterEach(async () => {
    await gateway.stop();
    await list[Symbol.asyncDispose]();
  });

  it('is posted and followed without a token, and reports each step', async () => {
    const steps: string[] = [];
    const sending = send({}, { onState: ({ step }) => steps.push(step) });
    expect(await sending.result).toMatchObject({ status: 'delivered' });
    expect(steps.filter((step, at) => step !== steps[at - 1])).toEqual([
      'attesting',
      'attested',
      'fetching_registry',
      'registry_read',
      'proving',
      'sealed',
      'posting',
      'accepted',
      'status',
      'ended',
    ]);
    expect(gateway.posted.map(({ token }) => token)).toEqual([undefined]);
    expect(gateway.asked.map(({ token }) => token)).toEqual([undefined]);
    const statusSha256 = createHash('sha256')
      .update(fromBase64Url(gateway.asked[0]?.statusSecret ?? ''))
      .digest();
    expect(statusSha256).toEqual(Buffer.from(gateway.posted[0]!.residence!.statusSha256));
  });

  it('has a claim that its sealed content opens, and a proof for exactly its bytes', async () => {
    await send().result;
    const { message, residence: sent } = gateway.posted[0]!;
    const { proof } = gateway.open(message);
    const scope = scopeOf(TEST_REGISTRAR.id, 'c1');
    expect(proof).toMatchObject({ district: person.district, campaign: campaignNote });
    expect(claimOf({ scope, ...proof! })).toEqual(sent!.claim);
    const { publicInputs } = witnesses[0]!;
    expect(publicInputs).toEqual({
      root: openRootNote(sent!.rootNote, registrarOf(TEST_REGISTRAR.id, TEST_REGISTRAR.verifierKeys)).root,
      nullifier: message.nullifier,
      claim: sent!.claim,
      message: messageInput(sent!.statusSha256, encodeSealedMessage(message)),
    });
    expect(Buffer.from(sent!.verificationKeySha256).toString('hex')).toBe(VERIFICATION_KEY_SHA256);
  });

  it('has the same nullifier as another message of the campaign, but its own claim, status secret and id', async () => {
    await send().result;
    gateway.forgetNullifiers();
    await send().result;
    const [first, second] = gateway.posted;
    expect(first!.message.nullifier).toEqual(second!.message.nullifier);
    expect(first!.residence!.claim).not.toEqual(second!.residence!.claim);
    expect(first!.residence!.statusSha256).not.toEqual(second!.residence!.statusSha256);
    expect(first!.message.messageId).not.toEqual(second!.message.messageId);
  });

  it('is posted again and accepted once if its 202 was lost, and a second message of the campaign is refused', async () => {
    gateway.postFaults = ['cut-after'];
    expect(await send().result).toMatchObject({ status: 'delivered' });
    expect(gateway.posted).toHaveLength(2);
    expect(Buffer.compare(gateway.posted[0]!.body, gateway.posted[1]!.body)).toBe(0);
    const error: unknown = await send().result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'refused', problem: 'already_sent', status: 409, sent: 'not_sent' });
    expect(gateway.posted[2]!.id).not.toBe(gateway.posted[0]!.id);
  });

  it.each([
    'residence_required',
    'residence_not_open',
    'proof_invalid',
    'root_not_accepted',
    'circuit_retired',
    'already_sent',
  ] as const)('was not sent if the gateway answers %s', async (problem) => {
    gateway.postFaults = [{ problem }];
    const error: unknown = await send().result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'refused', problem, sent: 'not_sent', messageId: undefined });
    expect(gateway.posted).toHaveLength(1);
  });

  it('waits while the verifier is busy', async () => {
    gateway.postFaults = [{ problem: 'verifier_busy', retryAfter: 0 }];
    expect(await send().result).toMatchObject({ status: 'delivered' });
    expect(gateway.posted).toHaveLength(2);
  });

  it('can be posted with a token, and is still followed with its status secret', async () => {
    client = await connect(gateway.url, gateway.policy, { token: () => 'a.token' });
    await send({ withToken: true }).result;
    gateway.forgetNullifiers();
    await send().result;
    expect(gateway.posted.map(({ token }) => token)).toEqual(['Bearer a.token', undefined]);
    expect(gateway.asked[0]).toMatchObject({ token: undefined, statusSecret: expect.any(String) as string });
  });

  it('is resumed only with the status secret that was kept', async () => {
    gateway.statuses = ['queued'];
    let kept: Extract<SendState, { step: 'accepted' }>['kept'] | undefined;
    await send(
      {},
      { followTimeoutMs: 0, onState: (state) => (kept = 'kept' in state ? state.kept : kept) },
    ).result.catch(() => undefined);
    gateway.statuses = ['delivered'];
    const other = await connect(gateway.url, gateway.policy, {});
    expect(await other.resume(kept!).result).toMatchObject({ status: 'delivered' });
    expect(JSON.stringify(kept).length).toBeLessThan(1000);
    const wrong = { ...kept!, statusSecret: toBase64Url(new Uint8Array(32)) };
    await expect(other.resume(wrong).result).rejects.toMatchObject({ problem: 'not_found' });
    await expect(other.resume({ ...kept!, statusSecret: null }).result).rejects.toMatchObject({
      code: 'token_unavailable',
    });
  });

  it('expires before both notes end, but not at the exact end of a note, which would reveal the campaign', async () => {
    const cases = [
      { list: now + HOUR, campaign: now + 30 * DAY },
      { list: now + 10 * DAY, campaign: now + HOUR },
      { list: now + 10 * DAY, campaign: now + 50 * 60 },
    ];
    for (const { list: listEnd, campaign } of cases) {
      list.files = listOf([person], { notBefore: now - DAY, notAfter: listEnd });
      const note = campaignNoteOf('c1', { notBefore: now - DAY, notAfter: campaign });
      gateway.forgetNullifiers();
      await client.send(testMessage(), { lifetimeSeconds: 7 * DAY, residence: residence({ campaignNote: note }) })
        .result;
      const lifetime = gateway.posted.at(-1)!.message.expiresAtSeconds - now;
      expect(lifetime).toBeGreaterThanOrEqual(2048);
      // 900 seconds more, because `now` was read when the test started
      expect(lifetime).toBeLessThan(2048 + 900);
    }
    gateway.forgetNullifiers();
    list.files = listOf([person], window);
    await client.send(testMessage(), { lifetimeSeconds: HOUR / 2, residence: residence() }).result;
    expect(gateway.posted.at(-1)!.message.expiresAtSeconds).toBeLessThanOrEqual(now + HOUR);
  });

  it('expires by the enclave’s clock if the clock of this machine is a year off', async () => {
    const year = 365 * DAY;
    const clock = jest
      .spyOn(Date, 'now')
      .mockImplementation(() => performance.timeOrigin + performance.now() - year * 1000);
    try {
      client = await connect(gateway.url, { ...gateway.policy, maxAgeMs: 2 * year * 1000 }, {});
      await client.send(testMessage(), { followTimeoutMs: 0, residence: residence() }).result.catch(() => undefined);
      const { expiresAtSeconds } = gateway.posted[0]!.message;
      expect(Math.abs(expiresAtSeconds - now - DAY)).toBeLessThan(HOUR);
    } finally {
      clock.mockRestore();
    }
  });

  it('reads the registrar’s list once a day', async () => {
    let kept: ResidenceOptions['list'];
    await send({}, { onState: (state) => (kept = state.step === 'registry_read' ? state.list : kept) }).result;
    const requests = list.requests.length;
    gateway.forgetNullifiers();
    await send({ list: kept }).result;
    expect(list.requests).toHaveLength(requests);
    gateway.forgetNullifiers();
    await send({ list: { ...kept!, fetchedAt: now - DAY } }).result;
    expect(list.requests).toHaveLength(2 * requests);
  });

  it('reports that the list is being updated while it waits', async () => {
    const files = new Map(list.files);
    list.files = new Map([['root.note', files.get('root.note')!]]);
    const waits: string[] = [];
    const onState = (state: SendState) => {
      if (state.step !== 'waiting') return;
      waits.push(`${state.during} ${state.because}`);
      list.files = files;
    };
    expect(await send({}, { onState }).result).toMatchObject({ status: 'delivered' });
    expect(waits).toEqual(['fetching_registry ERR_RESIDENCE_LIST_UPDATING']);
  });

  describe('is not proven, and not posted,', () => {
    afterEach(() => {
      expect(gateway.posted).toEqual([]);
      expect(witnesses).toEqual([]);
    });

    it.each([
      ['residence_not_open', { mode: 'off' as const }],
      ['other_registrar', { ...attested, registrar: 'other', keys: ['other+00000000+AAAA'] }],
      ['circuit_retired', { ...attested, verificationKeySha256: '0'.repeat(64) }],
    ])('if the enclave attests another setting: %s', async (reason, configuration) => {
      gateway.residence =
        configuration.mode === 'off' ? configuration : { ...attested, ...configuration, keys: attested.keys };
      client = await connect(gateway.url, gateway.policy, {});
      expect(await refusedWith(send().result)).toEqual({ code: 'residence_refused', reason, sent: 'not_sent' });
    });

    it('if the gateway hides what the enclave attests', async () => {
      gateway.servesConfiguration = false;
      client = await connect(gateway.url, gateway.policy, {});
      expect(await refusedWith(send().result)).toMatchObject({
        code: 'residence_refused',
        reason: 'configuration_missing',
      });
    });

    it('if the message lacks a required proof', async () => {
      expect(await refusedWith(client.send(testMessage()).result)).toMatchObject({
        code: 'residence_refused',
        reason: 'residence_required',
      });
    });

    it.each([
      [
        'the campaign is over',
        () => ({ campaignNote: campaignNoteOf('c1', { notBefore: now - 2 * DAY, notAfter: now - 1 }) }),
        'ERR_RESIDENCE_NOTE_ENDED',
      ],
      [
        'the campaign has not begun',
        () => ({ campaignNote: campaignNoteOf('c1', { notBefore: now + DAY, notAfter: now + 2 * DAY }) }),
        'ERR_RESIDENCE_NOTE_NOT_YET',
      ],
      [
        'the campaign note is changed',
        () => ({ campaignNote: campaignNote.replace('c1', 'c2') }),
        'ERR_RESIDENCE_NOTE',
      ],
      ['the person is not on the list', () => ({ secret: TEN[0].secret }), 'ERR_RESIDENCE_NOT_LISTED'],
      [
        'the registration is damaged',
        () => ({ registration: { ...registrationOf(person), salt: '' } }),
        'ERR_RESIDENCE_REGISTRATION',
      ],
      ['the secret is no field element', () => ({ secret: new Uint8Array(32).fill(255) }), 'ERR_RESIDENCE_FIELD'],
      ['the list is not at its address', () => ({ files: `${list.url}none/` }), 'ERR_RESIDENCE_LIST_UNREACHABLE'],
    ])('if %s', async (_what, more, reason) => {
      expect(await refusedWith(send(more()).result)).toEqual({
        code: 'residence_unavailable',
        reason,
        sent: 'not_sent',
      });
    });

    it.each([
      [
        'note and message name different campaigns',
        { campaignId: 'c2' },
        { pointer: '/campaignId', code: 'other_campaign' },
      ],
      [
        'an office is of another district',
        { offices: ['SCA01', 'HCA13'] },
        { pointer: '/offices/1', code: 'office_not_of_district' },
      ],
    ])('if %s', async (_what, change, problem) => {
      const { result } = client.send({ ...testMessage(), ...change }, { residence: residence() });
      const error: unknown = await result.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'message_invalid', problems: [problem], sent: 'not_sent' });
    });

    it('if the Congress of the district has ended', async () => {
      const registration = {
        ...registrationOf(person),
        district: formatDistrict({ congress: congress - 1, state: 'CA', seat: 12 }),
      };
      expect(await refusedWith(send({ registration }).result)).toMatchObject({
        code: 'residence_unavailable',
        reason: 'ERR_RESIDENCE_DISTRICT_ENDED',
      });
    });
  });

  it('is not posted if the proof fails or the caller aborts, and no secret is in the error', async () => {
    const failing = (error: Error) => residenceProver(() => Promise.reject(error));
    const error: unknown = await send({
      prover: failing(Object.assign(new Error('the proof could not be made'), { code: 'ERR_PROVING_FAILED' })),
    }).result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'residence_unavailable', reason: 'ERR_PROVING_FAILED', sent: 'not_sent' });
    const caller = new AbortController();
    const givingUp = residenceProver(() => {
      caller.abort();
      return Promise.reject(new DOMException('aborted', 'AbortError'));
    });
    expect(await refusedWith(send({ prover: givingUp }, { signal: caller.signal }).result)).toMatchObject({
      code: 'aborted',
      sent: 'not_sent',
    });
    expect(gateway.posted).toEqual([]);
  });

  describe('whose key was retired', () => {
    it('is proven and sealed again after the person agreed, under the same id and status secret', async () => {
      gateway.rotate({ keepOld: false });
      const asked: unknown[] = [];
      const confirmPossibleDuplicate = (risk: unknown) => asked.push(risk) > 0;
      expect(await send({}, { confirmPossibleDuplicate }).result).toMatchObject({
        status: 'delivered',
        resealed: true,
      });
      // The client asks the person even though the enclave attests that both chambers recognize a copy
      expect(asked).toEqual([{ when: 'sending_again', chambers: [] }]);
      const [first, second] = gateway.posted;
      expect(second!.id).toBe(first!.id);
      expect(second!.residence!.statusSha256).toEqual(first!.residence!.statusSha256);
      expect(second!.message.nullifier).toEqual(first!.message.nullifier);
      expect(second!.residence!.claim).not.toEqual(first!.residence!.claim);
      expect(witnesses).toHaveLength(2);
      const delivery = deliveryOf(person.secret, scopeOf(TEST_REGISTRAR.id, 'c1'));
      expect(gateway.open(second!.message).proof?.delivery).toEqual(delivery);
    });

    it.each([
      ['is not asked', undefined],
      ['says no', () => false],
    ])('ends as key_retired if the person %s', async (_what, confirmPossibleDuplicate) => {
      gateway.rotate({ keepOld: false });
      const options = confirmPossibleDuplicate && { confirmPossibleDuplicate };
      expect(await send({}, options).result).toMatchObject({ status: 'key_retired', resealed: false });
      expect(gateway.posted).toHaveLength(1);
    });
  });
});
