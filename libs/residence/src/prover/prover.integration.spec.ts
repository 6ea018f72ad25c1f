import { commitmentOf, leafOf, randomField, rootOfPath, witnessOf, type Witness } from '../index';
import { describeProving } from '../testing/reference-string';
import { createVerifier, type Verifier } from '../verifier';
import { createProver, type Prover, type ProvingState } from './index';

function someWitness(): Witness {
  const secret = randomField();
  const registration = { registrar: 'test', district: '120-MT-01', salt: randomField(), index: 77 };
  const siblings = Array.from({ length: 20 }, randomField);
  const root = rootOfPath(leafOf({ commitment: commitmentOf(secret), ...registration }), 77, siblings);
  const fresh = { blinding: randomField(), message: randomField() };
  return witnessOf({ secret, registration, siblings, root, campaign: 'test', ...fresh });
}

/** Returns every secret value of a witness, in hex and in decimal: none may appear in an output. */
function secretsOf({ inputs, opening }: Witness): string[] {
  const { root, nullifier, claim, message, right, siblings, ...single } = inputs;
  void [root, nullifier, claim, message, right];
  const values = [...Object.values(single), ...siblings, `0x${Buffer.from(opening.delivery).toString('hex')}`];
  return values.flatMap((value) => [value.slice(2).replace(/^0+/, ''), BigInt(value).toString()]);
}

describeProving('a prover', (referenceString) => {
  let prover: Prover;
  let verifier: Verifier;
  beforeAll(async () => {
    prover = createProver({ referenceString });
    verifier = await createVerifier();
  });
  afterAll(async () => {
    prover.close();
    await verifier.close();
  });

  it('makes a different valid proof each time, and reports each state once', async () => {
    const witness = someWitness();
    const states: ProvingState[] = [];
    const onProgress = (state: ProvingState) => states.push(state);
    const first = await prover.prove(witness, { onProgress });
    expect(states).toEqual(['loading', 'solving', 'proving']);
    const second = await prover.prove(witness, { onProgress });
    expect(states.slice(3)).toEqual(['solving', 'proving']);
    expect(Buffer.from(second.proof).equals(first.proof)).toBe(false);
    for (const { proof, publicInputs } of [first, second]) {
      expect(publicInputs).toEqual(witness.publicInputs);
      expect(await verifier.verify(publicInputs, proof)).toEqual({ valid: true });
      expect(await verifier.verify({ ...publicInputs, message: randomField() }, proof)).toEqual({ valid: false });
    }
  });

  it('reveals no part of a witness that does not satisfy the circuit, and then proves another witness', async () => {
    const printed: unknown[] = [];
    const names = ['log', 'error', 'warn', 'info'] as const;
    const spies = names.map((name) => jest.spyOn(console, name).mockImplementation((...all) => void printed.push(all)));
    const streams = [process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, 'write').mockImplementation((text) => printed.push(String(text)) > 0),
    );
    const good = someWitness();
    const bad = [
      { ...good, inputs: { ...good.inputs, siblings: [...good.inputs.siblings].reverse() } },
      { ...good, inputs: { ...good.inputs, district: someWitness().inputs.salt } },
      { ...good, inputs: { ...good.inputs, secret: 'not a number' } },
    ];
    const errors: unknown[] = [];
    for (const witness of bad) errors.push(await prover.prove(witness).catch((error: unknown) => error));
    await prover.prove(good);
    for (const spy of [...spies, ...streams]) spy.mockRestore();
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_PROVING_WITNESS' });
    const everything = [printed, ...errors].map((each) => String((each as Error).stack ?? '') + JSON.stringify(each));
    for (const secret of secretsOf(good)) for (const text of everything) expect(text).not.toContain(secret);
    expect(printed).toEqual([]);
  });

  it('stops at once when the caller aborts, and then proves another witness', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const stopped = prover.prove(someWitness(), {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    await expect(prover.prove(someWitness(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const { proof, publicInputs } = await prover.prove(someWitness());
    expect(await verifier.verify(publicInputs, proof)).toEqual({ valid: true });
  });
});

it.each([0, 262_208, 262_207])('a prover is not made from %d bytes that are no reference string', async (length) => {
  const other = createProver({ referenceString: new Uint8Array(length) });
  await expect(other.prove(someWitness())).rejects.toMatchObject({ code: 'ERR_PROVING_NO_REFERENCE_STRING' });
  other.close();
});

it('a prover that is closed rejects the current proof and all later ones', async () => {
  const other = createProver({ referenceString: new Uint8Array(262_208) });
  const proving = other.prove(someWitness(), {
    onProgress: () => {
      other.close();
    },
  });
  await expect(proving).rejects.toMatchObject({ code: 'ERR_PROVING_CLOSED' });
  await expect(other.prove(someWitness())).rejects.toMatchObject({ code: 'ERR_PROVING_CLOSED' });
});
