import { importPrivateKey, open } from '@communique-tee/crypto';
import {
  decodeEnvelope,
  encodeEnvelope,
  encodeSealedMessage,
  parseCongressMessage,
  toHex,
} from '@communique-tee/protocol';
import { VERIFICATION_KEY_SHA256 } from '../circuit-identity';
import { congressAt, parseDistrict } from '../district';
import { checkWindow, openCampaignNote, openRootNote, registrarOf } from '../notes';
import { claimOf, messageInput, scopeOf } from '../statement';
import { createVerifier, type Verifier } from '../verifier';
import {
  badEnvelopes,
  committedProofs,
  TEST_ENCLAVE_KEY,
  TEST_MAX_CAMPAIGN_DAYS,
  TEST_NOW_SECONDS,
  TEST_REGISTRAR,
  type BadReason,
} from './index';

let verifier: Verifier;
beforeAll(async () => {
  verifier = await createVerifier();
});
afterAll(() => verifier.close());

const registrar = registrarOf(TEST_REGISTRAR.id, TEST_REGISTRAR.verifierKeys);

function valueOf<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}

/** Makes all checks of gateway and enclave in the order of docs/residence.md. Returns why the message is refused, or `good`. */
async function check(bytes: Uint8Array): Promise<BadReason | 'good'> {
  const envelope = valueOf(() => decodeEnvelope(bytes));
  if (!envelope?.residence) return 'malformed';
  const { sealed, residence } = envelope;
  if (toHex(residence.verificationKeySha256) !== VERIFICATION_KEY_SHA256) return 'circuit';
  const note = valueOf(() => {
    const opened = openRootNote(residence.rootNote, registrar);
    checkWindow(opened, TEST_NOW_SECONDS);
    return opened;
  });
  if (note === undefined || sealed.expiresAtSeconds > note.notAfter) return 'root';
  const message = messageInput(residence.statusSha256, encodeSealedMessage(sealed));
  const inputs = { root: note.root, nullifier: sealed.nullifier ?? new Uint8Array(), claim: residence.claim, message };
  if (!(await verifier.verify(inputs, residence.proof)).valid) return 'proof';
  return valueOf(() => fits(envelope)) === true ? 'good' : 'content';
}

function fits({ sealed, residence }: ReturnType<typeof decodeEnvelope>): boolean {
  if (toHex(sealed.keyId) !== toHex(TEST_ENCLAVE_KEY.keyId)) return true; // the key is retired, which is no fault of the sender
  const { plaintext } = open(importPrivateKey(TEST_ENCLAVE_KEY.privateKey), sealed);
  const parsed = parseCongressMessage(plaintext);
  if (!parsed.ok || parsed.message.proof === null || residence === null) return false;
  const { offices, campaignId, constituent } = parsed.message;
  const { campaign, ...opening } = parsed.message.proof;
  const note = openCampaignNote(campaign, registrar, TEST_MAX_CAMPAIGN_DAYS);
  checkWindow(note, TEST_NOW_SECONDS);
  const { congress, state, seat } = parseDistrict(opening.district);
  const house = `H${state === 'AS' ? 'AQ' : state}${String(seat).padStart(2, '0')}`;
  return (
    toHex(claimOf({ scope: scopeOf(registrar.registrar, note.campaign), ...opening })) === toHex(residence.claim) &&
    note.campaign === campaignId &&
    congress >= congressAt(TEST_NOW_SECONDS) &&
    constituent.state === state &&
    offices.every((office) => office === house || office.startsWith(`S${state}`))
  );
}

describe('the bad envelopes', () => {
  it('are more than 200, and each is refused for its reason', async () => {
    const wrong: string[] = [];
    const counts = new Map<string, number>();
    for (const { name, reason, bytes } of badEnvelopes()) {
      const found = await check(bytes);
      if (found !== reason) wrong.push(`${name}: ${found} in place of ${reason}`);
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    expect(wrong).toEqual([]);
    expect([...counts.values()].reduce((a, b) => a + b)).toBeGreaterThan(200);
    for (const reason of ['malformed', 'circuit', 'root', 'proof', 'content'])
      expect(counts.get(reason)).toBeGreaterThan(2);
  });

  it('are refused by a check that accepts the good envelopes', async () => {
    for (const { name, envelope, isHonest } of committedProofs())
      if (isHonest) expect([name, await check(encodeEnvelope(envelope))]).toEqual([name, 'good']);
  });
});
