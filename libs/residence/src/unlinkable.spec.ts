import { toHex } from '@communique-tee/protocol';
import { FIELD_BYTES, fieldToHex, randomField } from './field';
import { MerkleTree } from './merkle-tree';
import { commitmentOf, deliveryOf, leafOf, scopeOf } from './statement';
import { committedProof, TEN, type CommittedProof } from './testing';
import { witnessOf, type Witness } from './witness';

/** Returns everything of a proven message that the gateway sees or stores, except what is the same for all people of a registrar. */
function visible({ publicInputs, statusSha256, sealed, proof }: CommittedProof): string[] {
  const { nullifier, claim, message } = publicInputs;
  const { messageId, encapsulatedKey, nonce } = sealed;
  return [nullifier, claim, message, statusSha256, messageId, encapsulatedKey, nonce]
    .map(toHex)
    .concat(elements(proof));
}

function elements(proof: Uint8Array): string[] {
  return Array.from({ length: proof.length / FIELD_BYTES }, (_, at) =>
    toHex(proof.subarray(at * FIELD_BYTES, (at + 1) * FIELD_BYTES)),
  );
}

describe('two messages of one person in two campaigns', () => {
  it('share only the root, which everyone has, among the values that the gateway sees (20 real proofs)', () => {
    const pairs = TEN.map(({ name }) => [committedProof(`${name} roads`), committedProof(`${name} schools`)] as const);
    const all = pairs.flat();
    expect(new Set(all.map(({ rootNote }) => rootNote)).size).toBe(1);
    // Parts that are the same in all 20 proofs cannot tell people apart
    const everywhere = new Set(
      elements(all[0]!.proof).filter((each) => all.every((p) => elements(p.proof).includes(each))),
    );
    for (const [roads, schools] of pairs) {
      const seen = new Set(visible(roads).filter((each) => !everywhere.has(each)));
      expect(visible(schools).filter((each) => seen.has(each))).toEqual([]);
    }
  });

  it('share no public value except the root (240 witnesses)', () => {
    const people = Array.from({ length: 60 }, (_, index) => {
      const secret = randomField();
      return { secret, registration: { registrar: 'registrar', district: '120-MT-01', salt: randomField(), index } };
    });
    const tree = MerkleTree.of(
      people.map(({ secret, registration }) => leafOf({ commitment: commitmentOf(secret), ...registration })),
    );
    const witnesses = people.flatMap((person): Witness[] =>
      ['a', 'b', 'c', 'd'].map((campaign) =>
        witnessOf({
          ...person,
          siblings: tree.path(person.registration.index),
          root: tree.root,
          campaign,
          blinding: randomField(),
          message: randomField(),
        }),
      ),
    );
    const values = witnesses.flatMap(({ publicInputs: { nullifier, claim, message } }) => [nullifier, claim, message]);
    expect(new Set(values.map(fieldToHex)).size).toBe(720);
  });

  it('have different delivery values, so that offices cannot link the messages either', () => {
    const secret = randomField();
    const scopes = Array.from({ length: 50 }, (_, at) => scopeOf('registrar', `campaign-${at}`));
    expect(new Set(scopes.map((scope) => fieldToHex(deliveryOf(secret, scope)))).size).toBe(50);
  });
});
