import { keyIdOf } from '@communique-tee/crypto';
import { verifyEnclave } from '@communique-tee/enclave-identity';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import {
  decodeRelayAnswer,
  encodeLegacyMessage,
  encodeSealedMessage,
  legacyPublicKeyView,
  toHex,
  type Answer,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { matchAnswer, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import { prepare, startEnclaveFixture, type EnclaveFixture } from '../../testing/enclave-fixture';
import {
  LEGACY_CONTENT_TODAY,
  legacyContent,
  sealAsLegacyClient,
  type LegacyKeyView,
  type LegacySealed,
} from '../../testing/legacy-client';
import { RecordStore } from '../../testing/record-store';
import { Sender } from '../../testing/sender';
import { startSealedWorld } from '../../testing/sealed-world';

let fixture: EnclaveFixture;
let key: LegacyKeyView;
beforeAll(async () => {
  fixture = await startEnclaveFixture({ legacySuite: true });
  key = await legacyKeyOf(fixture);
});
afterAll(() => fixture.stop());
beforeEach(() => {
  fixture.congress.clearReceived();
  fixture.congress.setFaults({});
});

async function legacyKeyOf(of: EnclaveFixture): Promise<LegacyKeyView> {
  const { legacyKey } = await of.key();
  if (!legacyKey) throw new Error('no legacy key is attested');
  return legacyPublicKeyView(keyIdOf(legacyKey), legacyKey);
}

async function read(
  response: Response,
  sealed: LegacySealed,
  trustAnchor = fixture.trustAnchor,
): Promise<{ answer: RelayAnswer; opened: Answer; receipt: VerifiedReceipt }> {
  expect(response.status).toBe(200);
  const answer = decodeRelayAnswer(new Uint8Array(await response.arrayBuffer()));
  const receipt = await verifyReceipt(
    { receipt: answer.receipt, attestation_document: Buffer.from(answer.attestationDocument).toString('base64') },
    {
      verifyEnclave,
      acceptedMeasurements: [developmentMeasurements],
      trustAnchor,
      messageId: sealed.id,
      sealedSha256: sealed.sealedSha256,
    },
  );
  const opened = sealed.open(answer.answer);
  matchAnswer(receipt.claims, opened);
  return { answer, opened, receipt };
}

const codeOf = async (response: Response) =>
  `${String(response.status)} ${((await response.json()) as { code: string }).code}`;

describe('a message of the legacy suite', () => {
  it('is delivered if libsodium sealed it, and its receipt names the suite', async () => {
    const sealed = await sealAsLegacyClient(key, legacyContent({ offices: ['HCA12', 'SCA01'] }));
    const { opened, receipt, answer } = await read(await fixture.relay(sealed.sealed), sealed);
    expect(answer.state).toBe('final');
    expect(receipt.claims.suite).toBe('x25519-blake2b-xchacha20poly1305');
    expect(opened).toMatchObject({
      problems: [],
      offices: [
        { office: 'HCA12', outcome: 'accepted' },
        { office: 'SCA01', outcome: 'accepted' },
      ],
    });
    const received = fixture.congress.received();
    expect(received.map(({ deliveryId }) => deliveryId).sort()).toEqual(
      opened.offices.map(({ deliveryId }) => deliveryId).sort(),
    );
    for (const { xml } of received)
      expect(xml).toContain('<ConstituentMessage>A text that a legacy test sends.</ConstituentMessage>');
  });

  it('is delivered once if it is relayed once and then five times at once', async () => {
    const sealed = await sealAsLegacyClient(key, legacyContent());
    const answers = [
      await fixture.relay(sealed.sealed),
      ...(await Promise.all(Array.from({ length: 5 }, () => fixture.relay(sealed.sealed)))),
    ];
    const receipts = await Promise.all(answers.map(async (answer) => (await read(answer, sealed)).answer.receipt));
    expect(new Set(receipts).size).toBe(1);
    expect(fixture.congress.received()).toHaveLength(1);
  });

  it('is answered with its missing fields, and not sent, if it has what the web client (legacy) seals today', async () => {
    const sealed = await sealAsLegacyClient(key, LEGACY_CONTENT_TODAY);
    const { opened, receipt } = await read(await fixture.relay(sealed.sealed), sealed);
    expect(opened.problems.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual(
      expect.arrayContaining(['/constituent/prefix required', '/message/body required', '/campaignId required']),
    );
    expect(opened.offices).toMatchObject([{ office: 'HCA12', outcome: 'refused', reason: 'message_invalid' }]);
    expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['refused']);
    expect(fixture.congress.received()).toHaveLength(0);
  });

  it('is answered even if its content is not JSON', async () => {
    const sealed = await sealAsLegacyClient(key, 'Dear Senator');
    const { opened } = await read(await fixture.relay(sealed.sealed), sealed);
    expect(opened).toMatchObject({ offices: [], problems: [{ code: 'malformed' }] });
  });

  it('is refused by code if it was changed or is sealed to another key', async () => {
    const { message } = await sealAsLegacyClient(key, legacyContent());
    const flipped = Uint8Array.from(message.ciphertext);
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    expect(await codeOf(await fixture.relay(encodeLegacyMessage({ ...message, ciphertext: flipped })))).toBe(
      '422 sealed_message_refused',
    );
    expect(await codeOf(await fixture.relay(encodeLegacyMessage({ ...message, keyId: new Uint8Array(16) })))).toBe(
      '409 key_retired',
    );
    expect(await codeOf(await fixture.relay(Buffer.from([0x86, 1, 2])))).toBe('400 malformed_body');
  });

  it('opens only under a key of its suite, and such a key opens no message of another suite', async () => {
    const other = await fixture.key();
    const { message } = await sealAsLegacyClient(key, legacyContent());
    expect(await codeOf(await fixture.relay(encodeLegacyMessage({ ...message, keyId: other.keyId })))).toBe(
      '409 key_retired',
    );
    const prepared = await prepare(fixture);
    expect(await codeOf(await fixture.relay(encodeSealedMessage({ ...prepared.message, keyId: message.keyId })))).toBe(
      '409 key_retired',
    );
    expect(fixture.congress.received()).toHaveLength(0);
  });

  it('leaves no part of its content in the log', async () => {
    const sealed = await sealAsLegacyClient(key, legacyContent());
    await fixture.relay(sealed.sealed);
    const log = fixture.log.join('');
    expect(log).toContain(sealed.id);
    for (const planted of ['Oakland', 'HCA12', 'person@example.org', 'legacy test']) expect(log).not.toContain(planted);
  });
});

describe('an enclave whose configuration does not switch the legacy suite on', () => {
  it('attests no key of the suite, and refuses its messages as suite_unsupported', async () => {
    const off = await startEnclaveFixture();
    try {
      expect(await off.key()).not.toHaveProperty('legacyKey');
      const sealed = await sealAsLegacyClient(key, legacyContent());
      expect(await codeOf(await off.relay(sealed.sealed))).toBe('422 suite_unsupported');
      expect(off.congress.received()).toHaveLength(0);
    } finally {
      await off.stop();
    }
  });
});

describe('a legacy key with custody kms', () => {
  it('outlives a restart, is reported with the other keys, and is destroyed with them', async () => {
    const world = await startSealedWorld();
    try {
      const configure = (configuration: Record<string, unknown>) => ({ ...configuration, legacySuite: true });
      const sender = new Sender(world.trustAnchor, () => world.time.nowMs());
      const store = new RecordStore();
      const first = await world.start({ configure });
      await store.settle([first]);
      const { legacyKey = new Uint8Array(), keyId } = await sender.key(first.url);
      const view = legacyPublicKeyView(keyIdOf(legacyKey), legacyKey);
      expect(store.cores.map(({ legacy_key }) => toHex(legacy_key ?? new Uint8Array()))).toEqual([toHex(legacyKey)]);
      const sealed = await sealAsLegacyClient(view, legacyContent());
      await first.close();
      const second = await world.start({ configure });
      const [status] = await store.settle([second]);
      expect(status?.held_legacy?.map(toHex)).toEqual([view.keyId]);
      const relay = () =>
        fetch(`${second.url}/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/cbor' },
          body: new Uint8Array(sealed.sealed),
        });
      const { receipt } = await read(await relay(), sealed, world.trustAnchor);
      expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['accepted']);
      // An enclave with the suite switched off opens no key record that has a legacy key
      const without = await world.start();
      expect((await without.offer({ records: store.records })).refused.map(({ code }) => code)).toEqual(['tampered']);
      store.revoked.push(keyId);
      await store.settle([second]);
      expect(await codeOf(await relay())).toBe('409 key_retired');
    } finally {
      await world.stop();
    }
  });
});
