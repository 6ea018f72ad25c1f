import { Noir, type InputMap } from '@noir-lang/noir_js';
import { CIRCUIT } from './circuit';
import { districtToField } from './district';
import { FIELD_MODULUS, fieldFromBigInt, fieldToHex, randomField, ZERO_FIELD } from './field';
import { EMPTY_LEAF, MerkleTree, rootOfPath, TREE_DEPTH, TREE_PLACES } from './merkle-tree';
import { h3, TAGS } from './poseidon2';
import { claimOf, commitmentOf, deliveryOf, leafOf, nullifierOf, PUBLIC_INPUTS, scopeOf } from './statement';
import { witnessOf, type CircuitInputs, type WitnessInput } from './witness';

const circuit = new Noir(CIRCUIT);
const DISTRICTS = ['120-MT-01', '120-AK-00', '120-DC-00', '120-PR-00', '120-GU-00', '119-CA-52', '120-TX-38'];
const INDICES = [0, 1, 1023, 1024, 2 ** 19, TREE_PLACES - 1];

/** Returns a true statement, with random values in each call. `at` selects its index, district and campaign. */
function statement(at: number): WitnessInput {
  const secret = randomField();
  const index = INDICES[at] ?? Math.floor(Math.random() * TREE_PLACES);
  const registration = { registrar: 'test', district: DISTRICTS[at % DISTRICTS.length]!, salt: randomField(), index };
  const leaf = leafOf({ commitment: commitmentOf(secret), ...registration });
  const siblings = Array.from({ length: TREE_DEPTH }, () => randomField());
  const root = rootOfPath(leaf, index, siblings);
  return {
    secret,
    registration,
    siblings,
    root,
    campaign: `campaign-${at}`,
    blinding: randomField(),
    message: randomField(),
  };
}

const holds = (inputs: CircuitInputs): Promise<boolean> =>
  circuit.execute({ ...inputs } satisfies InputMap).then(
    () => true,
    () => false,
  );
const number = (field: Uint8Array): string => `0x${fieldToHex(field)}`;

describe('the circuit', () => {
  it('has the public inputs that the library lists, in the same order, and returns nothing', () => {
    const visible = CIRCUIT.abi.parameters.filter(({ visibility }) => visibility === 'public').map(({ name }) => name);
    expect(visible).toEqual([...PUBLIC_INPUTS]);
    expect(CIRCUIT.abi.return_type).toBeNull();
  });

  it('is satisfied by 40 random statements that the library computed', async () => {
    for (let at = 0; at < 40; at++) expect(await holds(witnessOf(statement(at)).inputs)).toBe(true);
  });

  it('is satisfied for the places of a tree with removed leaves', async () => {
    const person = statement(0);
    const { secret, registration } = person;
    const leaf = leafOf({ commitment: commitmentOf(secret), ...registration });
    const tree = MerkleTree.of(Array.from({ length: 9 }, () => randomField()));
    tree.set(4, EMPTY_LEAF);
    tree.set(5, leaf);
    tree.set(8, EMPTY_LEAF);
    const at5 = { ...person, registration: { ...registration, index: 5 }, siblings: tree.path(5), root: tree.root };
    expect(await holds(witnessOf(at5).inputs)).toBe(true);
  });

  it.each(['secret', 'salt', 'district', 'scope', 'blinding', 'root', 'nullifier', 'claim'] as const)(
    'fails for another %s',
    async (name) => {
      for (const other of [randomField(), ZERO_FIELD, fieldFromBigInt(FIELD_MODULUS - 1n)])
        expect(await holds({ ...witnessOf(statement(7)).inputs, [name]: number(other) })).toBe(false);
    },
  );

  it('fails if any bit of the index or any sibling is changed', async () => {
    const { inputs } = witnessOf(statement(7));
    for (let level = 0; level < TREE_DEPTH; level++) {
      const right = inputs.right.with(level, !inputs.right[level]);
      const siblings = inputs.siblings.with(level, number(randomField()));
      expect(await holds({ ...inputs, right })).toBe(false);
      expect(await holds({ ...inputs, siblings })).toBe(false);
    }
  });

  it('accepts any message except 0, because only the proof binds the message', async () => {
    const { inputs } = witnessOf(statement(7));
    expect(await holds({ ...inputs, message: number(randomField()) })).toBe(true);
    expect(await holds({ ...inputs, message: number(ZERO_FIELD) })).toBe(false);
  });

  it('fails for the secret 0, even if a registrar entered its commitment', async () => {
    expect(await holds(unchecked(randomField()))).toBe(true);
    expect(await holds(unchecked(ZERO_FIELD))).toBe(false);
  });

  it('fails for an empty leaf, and for an inner node in place of a leaf', async () => {
    const { inputs } = witnessOf(statement(7));
    const tree = MerkleTree.of([]);
    const emptyPath = { siblings: tree.path(3).map(number), right: inputs.right.fill(false), root: number(tree.root) };
    expect(await holds({ ...inputs, ...emptyPath })).toBe(false);

    // A registered attacker presents the node above their own leaf as a leaf, with its two children as commitment and district.
    const { secret, registration, siblings, root } = statement(0);
    const leaf = leafOf({ commitment: commitmentOf(secret), ...registration });
    const node = rootOfPath(leaf, 0, siblings);
    expect(fieldToHex(node)).toBe(fieldToHex(root));
    const shifted = [...siblings.slice(1), ZERO_FIELD];
    const known = witnessOf(statement(0)).inputs;
    expect(
      await holds({ ...known, siblings: shifted.map(number), right: known.right.fill(false), root: number(root) }),
    ).toBe(false);
    expect(fieldToHex(h3(leaf, siblings[0]!, ZERO_FIELD, TAGS.leaf))).not.toBe(
      fieldToHex(h3(leaf, siblings[0]!, ZERO_FIELD, TAGS.node)),
    );
  });
});

/** Returns the inputs of a true statement, even for a secret that the library refuses. */
function unchecked(secret: Uint8Array): CircuitInputs {
  const { registration, siblings, blinding, message } = statement(7);
  const { district, salt, index } = registration;
  const scope = scopeOf('test', 'campaign');
  const commitment = h3(secret, ZERO_FIELD, ZERO_FIELD, TAGS.commitment);
  const leaf = h3(commitment, districtToField(district), salt, TAGS.leaf);
  return {
    secret: number(secret),
    salt: number(salt),
    district: number(districtToField(district)),
    right: Array.from({ length: TREE_DEPTH }, (_, level) => ((index >>> level) & 1) === 1),
    siblings: siblings.map(number),
    scope: number(scope),
    blinding: number(blinding),
    root: number(rootOfPath(leaf, index, siblings)),
    nullifier: number(nullifierOf(secret, scope)),
    claim: number(claimOf({ scope, district, delivery: deliveryOf(secret, scope), blinding })),
    message: number(message),
  };
}
