import { verifyResult } from '@communique-tee/client';
import { sealing } from '@communique-tee/crypto';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import {
  DEFAULT_SUITE,
  encodeCanonical,
  encodeCongressMessage,
  encodeSealedMessage,
  messageIdToText,
  toBase64Url,
  type CongressMessage,
  type MessageView,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { createHash, randomBytes } from 'node:crypto';
import { congressMessage, prepare, startEnclaveFixture, type EnclaveFixture } from '../../testing/enclave-fixture';

let fixture: EnclaveFixture;
beforeAll(async () => {
  fixture = await startEnclaveFixture();
});
afterAll(() => fixture.stop());
beforeEach(() => {
  fixture.congress.clearReceived();
  fixture.congress.setFaults({});
});

/** Runs `work` while the monotonic clock is `waitMs` ahead, so that the enclave may try pending copies again. */
async function afterWait<Result>(work: () => Promise<Result>, waitMs = 30_000): Promise<Result> {
  const now = performance.now.bind(performance);
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + waitMs);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

describe('a sealed message', () => {
  it('arrives unchanged at House and Senate, and is answered with a receipt that verifies', async () => {
    const { answer, opened, receipt } = await fixture.relayed(await prepare(fixture));
    expect(answer.state).toBe('final');
    expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(opened.offices.map(({ office }) => office)).toEqual(['HCA12', 'SCA01', 'SCA03']);
    const received = fixture.congress.received();
    expect(received.map(({ office }) => office).sort()).toEqual(['HCA12', 'SCA01', 'SCA03']);
    expect(received.map(({ deliveryId }) => deliveryId).sort()).toEqual(
      opened.offices.map(({ deliveryId }) => deliveryId).sort(),
    );
    for (const { xml } of received)
      expect(xml).toContain('<ConstituentMessage>A text that a test sends.</ConstituentMessage>');
  });

  it('gets the same receipt and is delivered once if it is relayed twice', async () => {
    const prepared = await prepare(fixture);
    const first = await fixture.relayed(prepared);
    const second = await fixture.relayed(prepared);
    expect(second.answer.receipt).toBe(first.answer.receipt);
    expect(fixture.congress.received()).toHaveLength(3);
  });

  it('is delivered once if it is relayed ten times at once', async () => {
    const prepared = await prepare(fixture);
    fixture.congress.setFaults({ queue: [{ fault: { kind: 'slow', delayMs: 200 }, times: 'always' }] });
    const receipts = await Promise.all(
      Array.from({ length: 10 }, async () => (await fixture.relayed(prepared)).answer.receipt),
    );
    expect(new Set(receipts).size).toBe(1);
    expect(fixture.congress.received()).toHaveLength(3);
  });

  it('is not delivered again if it is sealed again under the same delivery secret and id', async () => {
    const secret = congressMessage().deliverySecret;
    const key = await fixture.key();
    const messageId = randomBytes(16);
    const reseal = () =>
      sealTo(key.publicKey, encodeCongressMessage(congressMessage({ deliverySecret: secret })), { messageId });
    expect((await fixture.relay(reseal())).status).toBe(200);
    expect((await fixture.relay(reseal())).status).toBe(200);
    expect(fixture.congress.received()).toHaveLength(3);
  });

  it('gets no receipt of acceptance for another text under the same delivery secret and id', async () => {
    const { deliverySecret } = congressMessage();
    const { publicKey } = await fixture.key();
    const messageId = randomBytes(16);
    const text = (body: string) =>
      congressMessage({ deliverySecret, message: { subject: 'A subject of a test', body, topics: ['Energy'] } });
    const relayedAs = async (content: CongressMessage) => {
      const { message, sealed, answerKey } = sealFull(publicKey, encodeCongressMessage(content), { messageId });
      const sealedSha256 = createHash('sha256').update(sealed).digest();
      return (
        await fixture.relayed({ id: messageIdToText(messageId), message, sealed, answerKey, sealedSha256 })
      ).receipt.claims.offices.map(({ outcome }) => outcome);
    };
    expect(await relayedAs(text('What was really sent.'))).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await relayedAs(text('What was never sent.'))).toEqual(['refused', 'refused', 'refused']);
    expect(fixture.congress.received().filter(({ xml }) => xml.includes('never sent'))).toHaveLength(0);
  });

  it('is retried only for the office that could not be reached', async () => {
    const prepared = await prepare(fixture);
    fixture.congress.setFaults({
      queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 7 }, chamber: 'house', times: 1 }],
    });
    const first = await fixture.relayed(prepared);
    expect(first.answer.state).toBe('pending');
    expect(first.answer.retryAfterSeconds).toBe(30); // not the 7 s of the chamber, which would reveal the office to the parent
    expect(first.opened.offices.map(({ outcome }) => outcome)).toEqual(['pending', 'accepted', 'accepted']);
    const early = await fixture.relayed(prepared);
    expect(early.answer.state).toBe('pending');
    expect(early.answer.answer.length).toBe(first.answer.answer.length);
    expect(fixture.congress.received()).toHaveLength(2);
    const second = await afterWait(() => fixture.relayed(prepared));
    expect(second.answer.state).toBe('final');
    expect(second.receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(fixture.congress.received()).toHaveLength(3);
  });

  it('gets an answer that its sender rejects if it comes with the receipt of an earlier attempt', async () => {
    const prepared = await prepare(fixture);
    fixture.congress.setFaults({
      queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, chamber: 'house', times: 1 }],
    });
    const first = await fixture.relayed(prepared);
    const last = await afterWait(() => fixture.relayed(prepared));
    const seen = (receipt: RelayAnswer, { answer }: RelayAnswer): MessageView => ({
      id: prepared.id,
      status: 'delivered',
      acceptedAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-01-02T00:00:00Z',
      endedAt: null,
      attempts: 2,
      nextAttemptAt: null,
      reason: null,
      receipt: {
        receipt: receipt.receipt,
        attestation_document: Buffer.from(receipt.attestationDocument).toString('base64'),
      },
      sealedAnswer: toBase64Url(answer),
    });
    const policy = {
      acceptedMeasurements: [developmentMeasurements] as const,
      trustAnchor: fixture.trustAnchor,
    };
    expect((await verifyResult(seen(last.answer, last.answer), prepared, policy)).answer).toEqual(last.opened);
    await expect(verifyResult(seen(first.answer, last.answer), prepared, policy)).rejects.toMatchObject({
      code: 'ERR_RECEIPT_ANSWER',
    });
  });

  it('that Congress refuses is explained only to the sender', async () => {
    const prepared = await prepare(fixture);
    fixture.congress.setFaults({
      queue: [{ fault: { kind: 'status', status: 400, body: 'no such office' }, chamber: 'house' }],
    });
    const { answer, opened } = await fixture.relayed(prepared);
    expect(answer.state).toBe('final');
    expect(opened.offices.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted', 'accepted']);
    expect(opened.offices[0]?.detail).toContain('no such office');
    expect(Buffer.from(answer.receipt).includes('no such office')).toBe(false);
  });

  it('is refused with a list of every missing required field, and no copy is sent', async () => {
    const { constituent: _constituent, ...rest } = congressMessage();
    const { publicKey } = await fixture.key();
    const broken = { ...rest, constituent: { firstName: 'Test' } };
    const { message, sealed, answerKey } = sealFull(publicKey, encodeCanonical(broken));
    const { opened, receipt } = await fixture.relayed({
      id: messageIdToText(message.messageId),
      message,
      sealed,
      answerKey,
      sealedSha256: createHash('sha256').update(sealed).digest(),
    });
    expect(opened.problems.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual(
      expect.arrayContaining([
        '/constituent/prefix required',
        '/constituent/lastName required',
        '/constituent/zip required',
        '/constituent/email required',
      ]),
    );
    expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused']);
    expect(fixture.congress.received()).toHaveLength(0);
  });
});

it('a message brings an organization’s statement and self-description to each office', async () => {
  const { body: _body, ...words } = congressMessage().message;
  const { opened } = await fixture.relayed(
    await prepare(fixture, {
      message: { ...words, organizationStatement: 'The organization asks for clean water.' },
      organization: { name: 'Test organization', about: 'It is for clean water.', contact: { phone: '202-555-0101' } },
    }),
  );
  expect(opened.offices.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
  for (const { xml } of fixture.congress.received()) {
    expect(xml).toContain('<OrganizationStatement>The organization asks for clean water.</OrganizationStatement>');
    expect(xml).toContain('<Organization>Test organization</Organization>');
    expect(xml).toContain('<OrganizationAbout>It is for clean water.</OrganizationAbout>');
    expect(xml).toContain('<OrganizationContactPhone>202-555-0101</OrganizationContactPhone>');
    expect(xml).not.toContain('ConstituentMessage');
  }
});

it.each([
  ['HZZ99', 'no_such_office'],
  ['HCA53', 'no_such_office'],
  ['SDC01', 'no_such_office'],
  ['HNY03', 'other_state'],
])('a message to %s is refused: the sender gets the existing offices, and no copy is sent', async (office, rule) => {
  const { publicKey } = await fixture.key();
  // The test seals without the client library's check, as an older client would
  const content = encodeCanonical(congressMessage({ offices: ['SCA01', office] }));
  const { message, sealed, answerKey } = sealFull(publicKey, content);
  const { receipt, opened } = await fixture.relayed({
    id: messageIdToText(message.messageId),
    message,
    sealed,
    answerKey,
    sealedSha256: createHash('sha256').update(sealed).digest(),
  });
  expect(opened.offices.map((each) => [each.office, each.outcome, each.reason])).toEqual([
    ['SCA01', 'refused', 'message_invalid'],
    [office, 'refused', 'message_invalid'],
  ]);
  expect(opened.problems).toEqual([
    {
      pointer: '/offices/1',
      code: rule,
      message: expect.stringContaining('HCA01 to HCA52 (House), SCA01 and SCA03 (Senate)') as string,
    },
  ]);
  expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['refused', 'refused']);
  expect(fixture.congress.received()).toHaveLength(0);
});

it('gives the sealed answer the same length if the message was accepted, refused with a long text, or wrong in every field', async () => {
  const offices = ['HCA12', 'HCA13', 'SCA01', 'SCA03'];
  const taken = await fixture.relayed(await prepare(fixture, { offices }));
  fixture.congress.setFaults({
    queue: [{ fault: { kind: 'status', status: 400, body: '\u20ac'.repeat(600) }, times: 'always' }],
  });
  const refused = await fixture.relayed(await prepare(fixture, { offices }));
  expect(refused.opened.offices.map(({ detail }) => detail?.length)).toEqual([500, 500, 500, 500]);
  const { publicKey } = await fixture.key();
  const bills = Array.from({ length: 20 }, () => ({ congress: 'x', type: 'x', number: 'x' }));
  const { message, sealed, answerKey } = sealFull(
    publicKey,
    encodeCanonical({ ...congressMessage({ offices }), message: { bills } }),
  );
  const wrong = await fixture.relayed({
    id: messageIdToText(message.messageId),
    message,
    sealed,
    answerKey,
    sealedSha256: createHash('sha256').update(sealed).digest(),
  });
  expect(wrong.opened.problems.length).toBeGreaterThan(40);
  expect(new Set([taken, refused, wrong].map(({ answer }) => answer.answer.length)).size).toBe(1);
});

describe('the enclave refuses, with a stable code,', () => {
  const code = async (sealed: Uint8Array) => {
    const response = await fixture.relay(sealed);
    const problem = (await response.json()) as { code: string };
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    return `${String(response.status)} ${problem.code}`;
  };

  it('a key that the enclave does not hold', async () => {
    const other = sealing.generateKeyPair();
    expect(await code(sealTo(other.publicKey, encodeCongressMessage(congressMessage())))).toBe('409 key_retired');
  });

  it('an expiry that has passed, and one too far ahead', async () => {
    const { publicKey } = await fixture.key();
    const now = Math.floor(Date.now() / 1000);
    const content = encodeCongressMessage(congressMessage());
    expect(await code(sealTo(publicKey, content, { expiresAtSeconds: now - 1 }))).toBe('410 message_expired');
    expect(await code(sealTo(publicKey, content, { expiresAtSeconds: now + 9 * 24 * 3600 }))).toBe(
      '422 expiry_out_of_range',
    );
  });

  it('a message in another encoding of the same numbers, so that one message has one byte form', async () => {
    const { publicKey } = await fixture.key();
    const sealed = sealTo(publicKey, encodeCongressMessage(congressMessage()));
    expect(sealed[1]).toBe(1);
    const respelled = Buffer.concat([sealed.subarray(0, 1), Uint8Array.of(0xf9, 0x3c, 0x00), sealed.subarray(2)]); // 1.0
    expect(await code(respelled)).toBe('400 malformed_body');
  });

  it('a header changed after sealing', async () => {
    const { publicKey } = await fixture.key();
    const { message } = sealFull(publicKey, encodeCongressMessage(congressMessage()));
    expect(await code(encodeSealedMessage({ ...message, expiresAtSeconds: message.expiresAtSeconds + 1 }))).toBe(
      '422 sealed_message_refused',
    );
    expect(await code(encodeSealedMessage({ ...message, messageId: randomBytes(16) }))).toBe(
      '422 sealed_message_refused',
    );
  });

  it.each([
    ['an empty body', new Uint8Array(0), '400 malformed_body'],
    ['a text', Buffer.from('hello'), '400 malformed_body'],
    ['an array of a million items', Uint8Array.of(0x9a, 0, 0x0f, 0x42, 0x40), '400 malformed_body'],
    ['deep nesting', new Uint8Array(5000).fill(0x81), '400 malformed_body'],
    [
      'an unknown suite',
      encodeCanonical([
        1,
        2,
        new Uint8Array(16),
        new Uint8Array(16),
        1,
        null,
        new Uint8Array(32),
        new Uint8Array(24),
        new Uint8Array(1040),
      ]),
      '422 suite_unsupported',
    ],
    [
      'a ciphertext whose size is no bucket',
      encodeCanonical([
        1,
        1,
        new Uint8Array(16),
        new Uint8Array(16),
        1,
        null,
        new Uint8Array(32),
        new Uint8Array(24),
        new Uint8Array(1041),
      ]),
      '400 malformed_body',
    ],
    ['a body that is too large', new Uint8Array(300_000), '413 body_too_large'],
  ])('%s', async (_name, bytes, expected) => {
    expect(await code(bytes)).toBe(expected);
  });

  it('another content type', async () => {
    const response = await fetch(`${fixture.url}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(415);
  });
});

it('answers sealed content that is not a message, with no office in the receipt', async () => {
  const { publicKey } = await fixture.key();
  for (const content of [Buffer.from('not cbor'), encodeCanonical([]), encodeCanonical({ offices: 7 })]) {
    const { message, sealed, answerKey } = sealFull(publicKey, content);
    const prepared = {
      id: messageIdToText(message.messageId),
      message,
      sealed,
      answerKey,
      sealedSha256: createHash('sha256').update(sealed).digest(),
    };
    const { answer, opened, receipt } = await fixture.relayed(prepared);
    expect(answer.state).toBe('final');
    expect(receipt.claims.offices).toEqual([]);
    expect(opened.problems.length).toBeGreaterThan(0);
  }
});

it('gives every commitment its own salt, so that a holder of the receipt cannot find its office by trying all offices', async () => {
  const both = [await fixture.relayed(await prepare(fixture)), await fixture.relayed(await prepare(fixture))];
  const salts = both.flatMap(({ opened }) => opened.offices.map(({ salt }) => Buffer.from(salt).toString('hex')));
  expect(new Set(salts).size).toBe(6);
  expect(new Set(both.flatMap(({ receipt }) => receipt.claims.offices.map(({ commitment }) => commitment))).size).toBe(
    6,
  );
});

it('logs no text, office or address', async () => {
  await fixture.relayed(
    await prepare(fixture, {
      message: { subject: 'Planted subject', body: 'Planted body of a text', topics: ['Law'] },
    }),
  );
  const log = fixture.log.join('');
  for (const planted of ['Planted', 'Oakland', 'HCA12', 'constituent@example.org']) expect(log).not.toContain(planted);
  expect(log).toContain('message_handled');
});

describe('chambers that do not refuse duplicates', () => {
  let careless: EnclaveFixture;
  beforeAll(async () => {
    careless = await startEnclaveFixture({
      congress: { house: { deduplicates: false }, senate: { deduplicates: false } },
      timeoutMs: 1_000,
    });
  });
  afterAll(() => careless.stop());

  it('get no second copy after an unanswered attempt, whose outcome is unknown', async () => {
    const prepared = await prepare(careless, { offices: ['HCA12'] });
    careless.congress.setFaults({ queue: [{ fault: { kind: 'cut', at: 'after_storing' } }] });
    const first = await careless.relayed(prepared);
    expect(first.receipt.claims.offices).toMatchObject([{ outcome: 'unknown' }]);
    expect(first.answer.state).toBe('final');
    careless.congress.setFaults({});
    const second = await careless.relayed(prepared);
    expect(second.receipt.claims.offices).toMatchObject([{ outcome: 'unknown' }]);
    expect(careless.congress.received()).toHaveLength(1);
  });
});

describe('an enclave whose NSM fails after the last document has expired', () => {
  it('sends no copy, because there would be no receipt for it', async () => {
    let failing = false;
    const broken = await startEnclaveFixture({
      nsm: (transport) => ({
        ...transport,
        request: (bytes) => (failing ? Promise.reject(new Error('no document')) : transport.request(bytes)),
      }),
    });
    const later = performance.now() + 4 * 3600_000;
    const clock = jest.spyOn(performance, 'now');
    try {
      const prepared = await prepare(broken, {}, 24 * 3600);
      failing = true;
      clock.mockReturnValue(later);
      const response = await broken.relay(prepared.sealed);
      expect(response.status).toBe(500);
      expect(broken.congress.received()).toHaveLength(0);
    } finally {
      clock.mockRestore();
      await broken.stop();
    }
  });
});

describe('an enclave that handles two messages at the same time', () => {
  it('refuses further messages as busy', async () => {
    const small = await startEnclaveFixture({
      limits: { maxRememberedDeliveries: 100, maxRememberedAnswers: 10, maxConcurrent: 2 },
    });
    try {
      small.congress.setFaults({ queue: [{ fault: { kind: 'slow', delayMs: 500 }, times: 'always' }] });
      const prepared = await Promise.all(Array.from({ length: 6 }, () => prepare(small, { offices: ['HCA12'] })));
      const statuses = await Promise.all(prepared.map(async ({ sealed }) => (await small.relay(sealed)).status));
      expect(statuses.filter((status) => status === 200)).toHaveLength(2);
      expect(statuses.filter((status) => status === 503)).toHaveLength(4);
    } finally {
      await small.stop();
    }
  });
});

function sealTo(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  changes: Partial<{ messageId: Uint8Array; expiresAtSeconds: number }> = {},
): Uint8Array {
  return sealFull(publicKey, plaintext, changes).sealed;
}

function sealFull(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  changes: Partial<{ messageId: Uint8Array; expiresAtSeconds: number }> = {},
) {
  const { message, answerKey } = sealing.seal({
    publicKey,
    suite: DEFAULT_SUITE,
    keyId: sealing.keyIdOf(publicKey),
    messageId: randomBytes(16),
    expiresAtSeconds: Math.floor(Date.now() / 1000) + 600,
    nullifier: null,
    plaintext,
    ...changes,
  });
  return { message, answerKey, sealed: encodeSealedMessage(message) };
}
