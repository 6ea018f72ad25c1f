import { importPrivateKey, open } from '@communique-tee/crypto';
import {
  decodeEnvelope,
  encodeCongressMessage,
  encodeEnvelope,
  encodeSealedMessage,
  parseCongressMessage,
  toHex,
} from '@communique-tee/protocol';
import { checkWindow, openCampaignNote, openRootNote, registrarOf } from '../notes';
import { claimOf, messageInput, scopeOf } from '../statement';
import { createVerifier, type Verifier } from '../verifier';
import {
  badProofs,
  committedProof,
  committedProofs,
  PLANNED_PROOFS,
  TEST_MAX_CAMPAIGN_DAYS,
  TEST_NOW_SECONDS,
  TEST_REGISTRAR,
} from './index';

let verifier: Verifier;
beforeAll(async () => {
  verifier = await createVerifier();
});
afterAll(() => verifier.close());

const registrar = registrarOf(TEST_REGISTRAR.id, TEST_REGISTRAR.verifierKeys);
const nullifierOf = (name: string): string => toHex(committedProof(name).publicInputs.nullifier);

describe('the committed proofs', () => {
  it('are the planned proofs, and each verifies', async () => {
    const proofs = committedProofs();
    expect(proofs.map(({ name }) => name)).toEqual(PLANNED_PROOFS.map(({ name }) => name));
    for (const { name, publicInputs, proof } of proofs)
      expect([name, await verifier.verify(publicInputs, proof)]).toEqual([name, { valid: true }]);
  });

  it('have envelopes from which the public inputs can be computed', () => {
    for (const { envelope, publicInputs, sealedBytes } of committedProofs()) {
      const { sealed, residence } = decodeEnvelope(encodeEnvelope(envelope));
      expect(encodeSealedMessage(sealed)).toEqual(sealedBytes);
      expect(sealed.nullifier).toEqual(publicInputs.nullifier);
      expect(residence?.claim).toEqual(publicInputs.claim);
      expect(residence && messageInput(residence.statusSha256, sealedBytes)).toEqual(publicInputs.message);
      const note = openRootNote(residence?.rootNote ?? '', registrar);
      expect(note.root).toEqual(publicInputs.root);
      checkWindow(note, TEST_NOW_SECONDS);
      expect(sealed.expiresAtSeconds).toBeLessThanOrEqual(note.notAfter);
    }
  });

  it('have messages that the test enclave can open, and the honest messages open their claim', () => {
    for (const { name, enclaveKey, sealed, content, isHonest, publicInputs } of committedProofs()) {
      const { plaintext } = open(importPrivateKey(enclaveKey.privateKey), sealed);
      expect([name, toHex(plaintext)]).toEqual([name, toHex(encodeCongressMessage(content))]);
      if (!isHonest) continue;
      const parsed = parseCongressMessage(plaintext);
      if (!parsed.ok || parsed.message.proof === null) throw new Error(`${name} is no valid message`);
      const { campaign, ...opening } = parsed.message.proof;
      const note = openCampaignNote(campaign, registrar, TEST_MAX_CAMPAIGN_DAYS);
      checkWindow(note, TEST_NOW_SECONDS);
      expect(parsed.message.campaignId).toBe(note.campaign);
      expect(claimOf({ scope: scopeOf(registrar.registrar, note.campaign), ...opening })).toEqual(publicInputs.claim);
    }
  });

  it('have one nullifier for each person and campaign, also after a move', () => {
    expect(nullifierOf('ada roads, proven again')).toBe(nullifierOf('ada roads'));
    expect(nullifierOf('ada roads, proven under the next root')).toBe(nullifierOf('ada roads'));
    expect(nullifierOf('ada roads, another message')).toBe(nullifierOf('ada roads'));
    expect(nullifierOf('kim roads, after the move')).toBe(nullifierOf('kim roads'));
    expect(nullifierOf('ada schools')).not.toBe(nullifierOf('ada roads'));
    expect(nullifierOf('ivy roads')).not.toBe(nullifierOf('ada roads'));
  });

  it('of one message have the same public inputs and different bytes', () => {
    const [first, again] = [committedProof('ada roads'), committedProof('ada roads, proven again')];
    expect(again.publicInputs).toEqual(first.publicInputs);
    expect(again.proof).not.toEqual(first.proof);
    const other = committedProof('ada roads, another message');
    expect(other.publicInputs.message).not.toEqual(first.publicInputs.message);
  });
});

describe('the bad proofs', () => {
  it('are refused, and more than 200 of them are well formed', async () => {
    const goods = ['ada roads', 'ben schools', 'kim roads, after the move', 'ada schools'].map(committedProof);
    const accepted: string[] = [];
    let wellFormed = 0;
    for (const { name, publicInputs, proof, isWellFormed } of badProofs(goods)) {
      if (isWellFormed) wellFormed++;
      if ((await verifier.verify(publicInputs, proof)).valid) accepted.push(name);
    }
    expect(accepted).toEqual([]);
    expect(wellFormed).toBeGreaterThan(200);
  });

  it('do not prevent the verifier from accepting a good proof', async () => {
    const { publicInputs, proof } = committedProof('ben roads');
    expect(await verifier.verify(publicInputs, proof)).toEqual({ valid: true });
  });
});
