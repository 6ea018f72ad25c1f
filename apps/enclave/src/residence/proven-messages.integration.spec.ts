import {
  badEnvelopes,
  committedProof,
  committedProofs,
  rootNote,
  rootNotes,
  TEN,
  TEST_NOW_SECONDS,
  TEST_REGISTRAR,
  type BadReason,
} from '@communique-tee/residence/testing';
import { PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import { startProvenWorld, type ProvenEnclave, type ProvenWorld, type Relay } from '../testing/proven-world';
import timers from 'node:timers/promises';

const [FIRST_KEY, NEXT_KEY] = TEST_REGISTRAR.verifierKeys;

let world: ProvenWorld;
beforeAll(async () => {
  world = await startProvenWorld();
});
afterAll(() => world.stop());
afterEach(() => {
  world.congress.clearReceived();
  world.congress.setOutcomes({});
});

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
    return 'answered';
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (!Object.hasOwn(PROBLEMS, code)) throw error;
    return code;
  }
};
const outcomes = ({ opened }: Relay) => opened.offices.map(({ outcome }) => outcome);
const reasons = ({ opened }: Relay) => [...new Set(opened.offices.map(({ reason }) => reason))];
const received = () => world.congress.received();

describe('proven messages in the enclave', () => {
  let enclave: ProvenEnclave;
  beforeAll(async () => {
    enclave = await world.enclave();
  });

  it('are delivered to the offices of their districts, delegates and at-large seats included', async () => {
    for (const { name } of TEN) {
      const { envelope, content } = committedProof(`${name} roads`);
      const answered = await enclave.relay(envelope);
      expect([name, outcomes(answered)]).toEqual([name, content.offices.map(() => 'accepted')]);
    }
  });

  it('of one person in two campaigns are both delivered, and have no DeliveryId in common', async () => {
    const [roads, schools] = [
      await enclave.relay(committedProof('ada roads').envelope),
      await enclave.relay(committedProof('ada schools').envelope),
    ];
    const ids = [roads, schools].flatMap(({ opened }) => opened.offices.map(({ deliveryId }) => deliveryId));
    expect(new Set(ids).size).toBe(6);
    expect(outcomes(schools)).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('get the first receipt again if they are proven again, under the same root or the next', async () => {
    const first = await enclave.relay(committedProof('ada roads').envelope);
    for (const name of ['ada roads, proven again', 'ada roads, proven under the next root'])
      expect((await enclave.relay(committedProof(name).envelope)).answer).toEqual(first.answer);
    expect(received()).toEqual([]);
  });
});

describe('a second message of one person in one campaign, which a dishonest gateway let through', () => {
  it('is not sent by the enclave that sent the first message', async () => {
    const enclave = await world.enclave();
    await enclave.relay(committedProof('ada roads').envelope);
    const waits = jest.spyOn(timers, 'setTimeout');
    const second = await enclave.relay(committedProof('ada roads, another message').envelope);
    // Like every refusal, this one waits for the rest of the 50 ms.
    expect(waits.mock.calls.map(([ms]) => ms)).toEqual([expect.any(Number)]);
    waits.mockRestore();
    expect([outcomes(second), reasons(second)]).toEqual([['refused', 'refused', 'refused'], ['other_content_sent']]);
    expect(received()).toHaveLength(3);
  });

  it('is recognized by the chamber if another enclave sends it, even after the person moved to another district', async () => {
    const first = await (await world.enclave()).relay(committedProof('kim roads').envelope);
    const second = await (await world.enclave()).relay(committedProof('kim roads, after the move').envelope);
    expect(outcomes(first)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(second.opened.offices.map(({ office, outcome }) => [office, outcome])).toEqual([
      ['HMT02', 'accepted'],
      ['SMT01', 'duplicate'],
      ['SMT02', 'duplicate'],
    ]);
    const third = await (await world.enclave()).relay(committedProof('kim roads').envelope);
    expect(outcomes(third)).toEqual(['duplicate', 'duplicate', 'duplicate']);
  });

  it('is sent after every office refused the first message, which is then never sent again', async () => {
    world.congress.setOutcomes({
      house: { answer: 'refused', reason: 'Vacant seat.' },
      senate: { answer: 'refused', reason: 'Not in this form.' },
    });
    const enclave = await world.enclave();
    const refused = await enclave.relay(committedProof('ada roads').envelope);
    expect([outcomes(refused), reasons(refused)]).toEqual([['refused', 'refused', 'refused'], ['refused_by_office']]);
    world.congress.setOutcomes({});
    const corrected = await enclave.relay(committedProof('ada roads, another message').envelope);
    expect(corrected.opened.offices.map(({ deliveryId }) => deliveryId)).toEqual(
      refused.opened.offices.map(({ deliveryId }) => deliveryId),
    );
    expect(outcomes(corrected)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(outcomes(await enclave.relay(committedProof('ada roads').envelope))).toEqual(outcomes(refused));
    expect(received()).toHaveLength(3);
  });
});

/** The expected refusals, by kind of fault, for faults that the parent can check too. */
const CODES: Record<Exclude<BadReason, 'content'>, ProblemCode[]> = {
  malformed: ['malformed_body', 'body_too_large'],
  circuit: ['circuit_retired'],
  root: ['root_not_accepted', 'malformed_body'],
  proof: ['proof_invalid', 'sealed_message_refused', 'key_retired'],
};
const CONTENT: Record<string, string> = {
  'lee roads, of the Congress that ended': 'district_ended',
  'jon roads, opened as another district': 'claim_not_opened',
  'jon roads, opened with another delivery': 'claim_not_opened',
  'jon roads, opened with another blinding': 'claim_not_opened',
  'jon roads, opened as another campaign': 'claim_not_opened',
  'jon roads, with another campaign id': 'campaign_not_accepted',
  'jon roads, not opened': 'claim_not_opened',
  'jon ended': 'campaign_not_accepted',
  'jon endless': 'campaign_not_accepted',
  'jon foreign': 'campaign_not_accepted',
  'ada roads, to the other district': 'office_not_of_district',
  'ada roads, to another state': 'office_not_of_district',
  'dee roads, to a senator': 'office_not_of_district',
};

describe('more than 200 bad messages', () => {
  it('are all refused and never reach Congress, and a valid message is accepted afterwards', async () => {
    const enclave = await world.enclave();
    const seen = new Map<string, number>();
    for (const { name, reason, bytes } of badEnvelopes()) {
      seen.set(reason, (seen.get(reason) ?? 0) + 1);
      if (reason === 'content') {
        const { answer, opened } = await enclave.relay(bytes);
        expect([name, answer.state, [...new Set(opened.offices.map(({ outcome }) => outcome))]]).toEqual([
          name,
          'final',
          ['refused'],
        ]);
        expect([name, opened.problems.map(({ code }) => code)[0]]).toEqual([name, CONTENT[name]]);
        expect([name, opened.offices[0]?.reason, opened.offices[0]?.deliveryId]).toEqual([name, CONTENT[name], null]);
      } else {
        expect([name, CODES[reason]]).toEqual([name, expect.arrayContaining([await codeOf(enclave.relay(bytes))])]);
      }
    }
    expect([...seen.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(200);
    expect([...seen.keys()].sort()).toEqual(['circuit', 'content', 'malformed', 'proof', 'root']);
    expect(world.congress.received()).toEqual([]);
    expect(outcomes(await enclave.relay(committedProof('ben schools').envelope))).toEqual([
      'accepted',
      'accepted',
      'accepted',
    ]);
    const refused = enclave.log.filter((line) => line.includes('"event":"proof_refused"'));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.filter((line) => !/"code":"[^"]+"/.test(line))).toEqual([]);
  });

  it('look the same to the parent, whatever is wrong in the sealed content', async () => {
    const enclave = await world.enclave();
    const answers = [];
    for (const { isHonest, envelope, content } of committedProofs()) {
      if (isHonest || content.offices.length !== 3) continue;
      const startedAtMs = performance.now();
      answers.push((await enclave.relay(envelope)).answer);
      // A refusal takes 50 ms, and timers may be a millisecond early
      expect(performance.now() - startedAtMs).toBeGreaterThan(48);
    }
    expect(answers.length).toBeGreaterThan(8);
    const shapes = answers.map(({ state, retryAfterSeconds, withheld, receipt, answer }) => [
      state,
      retryAfterSeconds,
      withheld,
      receipt.length,
      answer.length,
    ]);
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
    const events = enclave.log.map((line) => (JSON.parse(line) as { event: string }).event);
    expect([...new Set(events)]).toEqual(['message_handled']);
  });
});

describe('the mode of residence', () => {
  const { sealed, envelope } = committedProof('ada roads');
  const alone = { sealed: { ...sealed, nullifier: null }, residence: null };

  it('off refuses a proof, and opens messages without one', async () => {
    const enclave = await world.enclave('off');
    expect(await codeOf(enclave.relay(envelope))).toBe('residence_not_open');
    expect(await codeOf(enclave.relay(alone))).toBe('sealed_message_refused');
  });

  it('optional opens messages with and without a proof', async () => {
    const enclave = await world.enclave('optional');
    expect(await codeOf(enclave.relay(alone))).toBe('sealed_message_refused');
    expect(outcomes(await enclave.relay(committedProof('cam roads').envelope))).toHaveLength(1);
  });

  it('required refuses a message without a proof before it is opened', async () => {
    expect(await codeOf((await world.enclave('required')).relay(alone))).toBe('residence_required');
  });

  const withRootNote = async (note: string, keys: readonly string[]) => {
    const enclave = await world.enclave('required', keys);
    return codeOf(enclave.relay({ sealed, residence: { ...envelope.residence, rootNote: note } }));
  };

  it.each<[string, () => string, readonly string[]]>([
    ['the next key', rootNotes.byNextKey, TEST_REGISTRAR.verifierKeys],
    ['both keys', rootNotes.byBothKeys, TEST_REGISTRAR.verifierKeys],
    ['both keys, of which one is configured', rootNotes.byBothKeys, [NEXT_KEY]],
  ])('required accepts a root note signed by %s', async (_by, note, keys) => {
    expect(await withRootNote(note(), keys)).toBe('answered');
  });

  it.each<[string, () => string, readonly string[]]>([
    ['the next key, which is not configured', rootNotes.byNextKey, [FIRST_KEY]],
    ['a key that is not configured', rootNotes.byForeignKey, TEST_REGISTRAR.verifierKeys],
  ])('required refuses a root note signed by %s', async (_by, note, keys) => {
    expect(await withRootNote(note(), keys)).toBe('root_not_accepted');
  });
});

describe('a proven message that is late or early', () => {
  it('is refused as key_retired if its key has ended, whatever its proof, and accepted after a reseal', async () => {
    const enclave = await world.enclave();
    expect(await codeOf(enclave.relay(committedProof('ada roads, to a retired key').envelope))).toBe('key_retired');
    expect(outcomes(await enclave.relay(committedProof('ada roads').envelope))).not.toContain('refused');
  });

  it.each([
    [5, 'answered'],
    [60, 'answered'],
    [61, 'root_not_accepted'],
  ])('with a root note that begins now, at an enclave whose clock is %i s behind, ends as %s', async (behind, code) => {
    const fresh = rootNote('before', { notBefore: TEST_NOW_SECONDS });
    const { sealed, residence } = committedProof('gus roads').envelope;
    const enclave = await world.enclave();
    world.time.nowSeconds = TEST_NOW_SECONDS - behind;
    try {
      expect(await codeOf(enclave.relay({ sealed, residence: { ...residence, rootNote: fresh } }))).toBe(code);
    } finally {
      world.time.nowSeconds = TEST_NOW_SECONDS;
    }
  });
});
