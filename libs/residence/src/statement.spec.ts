import { createHash } from 'node:crypto';
import { encodeCanonical } from '@communique-tee/protocol';
import { fieldToHex, randomField, ZERO_FIELD } from './field';
import { MerkleTree } from './merkle-tree';
import { h3, TAGS } from './poseidon2';
import {
  checkCommitment,
  claimOf,
  commitmentOf,
  deliveryOf,
  leafOf,
  messageInput,
  nullifierOf,
  scopeOf,
} from './statement';
import { witnessOf, type WitnessInput } from './witness';

const refused = (code: string): Error => expect.objectContaining({ code }) as Error;
const sha256 = (...parts: Uint8Array[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

describe('the statement', () => {
  it('has a scope that is computed from the ids of registrar and campaign', () => {
    const hash = sha256(encodeCanonical(['communique-tee scope v1', 'registrar', 'campaign']));
    expect(fieldToHex(scopeOf('registrar', 'campaign'))).toBe(`00${hash.slice(0, 62)}`);
    expect(scopeOf('a', 'bc')).not.toEqual(scopeOf('ab', 'c'));
    for (const id of ['', 'A', 'a_b', 'a.b', 'ä', 'a\n', 'x'.repeat(65)]) {
      expect(() => scopeOf(id, 'campaign')).toThrow(refused('ERR_RESIDENCE_ID'));
      expect(() => scopeOf('registrar', id)).toThrow(refused('ERR_RESIDENCE_ID'));
    }
    expect(scopeOf('x'.repeat(64), 'y')).toHaveLength(32);
  });

  it('binds each byte of the status secret’s hash and of the sealed message', () => {
    const status = new Uint8Array(32).fill(1);
    const sealed = new Uint8Array(1200).fill(2);
    const hash = sha256(new TextEncoder().encode('communique-tee proven message v1'), status, sealed);
    expect(fieldToHex(messageInput(status, sealed))).toBe(`00${hash.slice(0, 62)}`);
    expect(messageInput(status.with(31, 0), sealed)).not.toEqual(messageInput(status, sealed));
    expect(messageInput(status, sealed.with(1199, 0))).not.toEqual(messageInput(status, sealed));
    expect(() => messageInput(new Uint8Array(31), sealed)).toThrow(RangeError);
  });

  it('refuses the secret 0, its commitment, and commitments that are not field elements', () => {
    expect(() => commitmentOf(ZERO_FIELD)).toThrow(refused('ERR_RESIDENCE_ZERO_SECRET'));
    for (const each of [ZERO_FIELD, h3(ZERO_FIELD, ZERO_FIELD, ZERO_FIELD, TAGS.commitment)]) {
      expect(() => checkCommitment(each)).toThrow(refused('ERR_RESIDENCE_ZERO_SECRET'));
      expect(() => leafOf({ commitment: each, district: '120-MT-01', salt: randomField() })).toThrow(
        refused('ERR_RESIDENCE_ZERO_SECRET'),
      );
    }
    for (const each of [new Uint8Array(31), new Uint8Array(0), new Uint8Array(32).fill(255)])
      expect(() => checkCommitment(each)).toThrow(refused('ERR_RESIDENCE_FIELD'));
    const commitment = commitmentOf(randomField());
    expect(checkCommitment(commitment)).toBe(commitment);
  });

  it('has different values for nullifier and delivery', () => {
    const [secret, scope] = [randomField(), scopeOf('registrar', 'campaign')];
    expect(nullifierOf(secret, scope)).not.toEqual(deliveryOf(secret, scope));
    expect(nullifierOf(secret, scope)).toEqual(nullifierOf(secret, scope));
  });
});

describe('a witness', () => {
  function input(): WitnessInput {
    const secret = randomField();
    const registration = { registrar: 'registrar', district: '120-MT-01', salt: randomField(), index: 2 };
    const tree = MerkleTree.of([randomField(), randomField()]);
    tree.set(2, leafOf({ commitment: commitmentOf(secret), ...registration }));
    const [blinding, message] = [randomField(), randomField()];
    return { secret, registration, siblings: tree.path(2), root: tree.root, campaign: 'campaign', blinding, message };
  }

  it('has an opening from which its claim can be computed', () => {
    const given = input();
    const { publicInputs, opening } = witnessOf(given);
    expect(claimOf({ scope: scopeOf('registrar', 'campaign'), ...opening })).toEqual(publicInputs.claim);
    expect(publicInputs.root).toEqual(given.root);
    expect(publicInputs.message).toEqual(given.message);
  });

  it.each([
    ['another root', { root: randomField() }],
    ['another secret', { secret: randomField() }],
    [
      'another registration',
      { registration: { registrar: 'registrar', district: '120-MT-02', salt: ZERO_FIELD, index: 2 } },
    ],
    ['another path', { siblings: MerkleTree.of([]).path(0) }],
  ])('is not computed from %s', (_, other) => {
    expect(() => witnessOf({ ...input(), ...other })).toThrow(refused('ERR_RESIDENCE_OTHER_ROOT'));
  });

  it('causes errors that contain none of its values', () => {
    const given = input();
    const wrong = { ...given, root: randomField() };
    const values = [given.secret, given.registration.salt, given.blinding].map(fieldToHex);
    try {
      witnessOf(wrong);
      throw new Error('it was computed');
    } catch (error) {
      const text = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack ?? ''}`;
      for (const value of values) expect(text).not.toContain(value);
    }
  });
});
