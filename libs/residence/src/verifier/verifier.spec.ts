import { PROOF_BYTES } from '../circuit-identity';
import { FIELD_MODULUS, fieldFromBigInt, randomField } from '../field';
import type { PublicInputs } from '../statement';
import { committedProof, committedProofs } from '../testing';
import { createVerifier, VerifierBusyError, type Verifier } from './index';

const someInputs = (): PublicInputs => ({
  root: randomField(),
  nullifier: randomField(),
  claim: randomField(),
  message: randomField(),
});
/** Returns random field elements, so that the proof system reads the whole proof. */
const someProof = () => {
  const proof = crypto.getRandomValues(new Uint8Array(PROOF_BYTES));
  for (let at = 0; at < PROOF_BYTES; at += 32) proof[at] = 0;
  return proof;
};

let verifier: Verifier;
const reasons: string[] = [];
beforeAll(async () => {
  verifier = await createVerifier({ maxQueued: 4, onRefused: (reason) => reasons.push(reason) });
});
beforeEach(() => {
  reasons.length = 0;
});
afterAll(() => verifier.close());

it.each([0, 32, PROOF_BYTES - 32, PROOF_BYTES - 1, PROOF_BYTES + 1, PROOF_BYTES + 32])(
  'refuses a proof of %d bytes before the proof system reads it',
  async (length) => {
    expect(await verifier.verify(someInputs(), new Uint8Array(length))).toEqual({ valid: false });
    expect(reasons).toEqual(['proof of another length']);
  },
);

it.each(['root', 'nullifier', 'claim', 'message'] as const)(
  'refuses a %s that is not below the modulus',
  async (name) => {
    const value = fieldFromBigInt(FIELD_MODULUS - 1n);
    value[31]! += 1;
    for (const other of [value, new Uint8Array(32).fill(0xff), new Uint8Array(31), new Uint8Array(33)]) {
      expect(await verifier.verify({ ...someInputs(), [name]: other }, someProof())).toEqual({ valid: false });
      expect(reasons.pop()).toBe('public input that is not a field element');
    }
  },
);

it('refuses a proof, with a reason, if the proof system throws', async () => {
  for (const proof of [new Uint8Array(PROOF_BYTES), new Uint8Array(PROOF_BYTES).fill(0xff), someProof()])
    expect(await verifier.verify(someInputs(), proof)).toEqual({ valid: false });
  expect(reasons).toHaveLength(3);
  for (const reason of reasons) expect(reason).toMatch(/^(proof system: \w|proof does not verify)/);
});

it('rejects proofs beyond the queue’s limit as busy, and verifies the rest', async () => {
  const asked = Array.from({ length: 9 }, () => verifier.verify(someInputs(), someProof()));
  const results = await Promise.allSettled(asked);
  const busy = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect(busy).toHaveLength(4);
  for (const { reason } of busy) expect(reason).toBeInstanceOf(VerifierBusyError);
  expect(verifier.queued).toBe(0);
});

it('rejects waiting and later proofs as busy when it is closed', async () => {
  const other = await createVerifier();
  const asked = Array.from({ length: 3 }, () => other.verify(someInputs(), someProof()));
  const closed = other.close();
  for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
  await closed;
  await expect(other.verify(someInputs(), someProof())).rejects.toMatchObject({ code: 'busy' });
});

it('rejects a proof as busy if the thread does not answer in time', async () => {
  const other = await createVerifier({ timeoutMs: 0 });
  await expect(other.verify(someInputs(), someProof())).rejects.toMatchObject({ code: 'busy' });
  await other.close();
});

it('verifies 20 good proofs after the proof system threw for 100 others, whose memory is free again', async () => {
  const good = committedProofs().slice(0, 20);
  // V8 compiles frequently run code a second time, which takes memory once
  for (const each of [...good, ...good]) await verifier.verify(each.publicInputs, each.proof);
  const before = process.memoryUsage.rss();
  const { publicInputs } = committedProof('ada roads');
  for (let at = 0; at < 100; at++) {
    // The proof system refuses zeros late, after it took memory. It refuses a number above the modulus at once
    const proof = at % 2 === 0 ? new Uint8Array(PROOF_BYTES) : new Uint8Array(PROOF_BYTES).fill(0xff);
    expect(await verifier.verify(publicInputs, proof)).toEqual({ valid: false });
  }
  expect(reasons.filter((reason) => /^proof system: \w/.test(reason))).toHaveLength(100);
  for (const each of good) expect(await verifier.verify(each.publicInputs, each.proof)).toEqual({ valid: true });
  expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000);
});

it('answers another source’s proof after at most two proofs of a flooding source', async () => {
  const wide = await createVerifier({ maxQueued: 20 });
  const { publicInputs, proof } = committedProof('ada roads');
  const answered: string[] = [];
  const flood = Array.from({ length: 20 }, () =>
    wide.verify(publicInputs, someProof(), 'flood').then(() => answered.push('flood')),
  );
  const person = wide.verify(publicInputs, proof, 'person').then((verdict) => {
    answered.push('person');
    return verdict;
  });
  expect(await person).toEqual({ valid: true });
  expect(answered.indexOf('person')).toBeLessThanOrEqual(2);
  await Promise.all(flood);
  await wide.close();
});
