import type { Check, Outcome } from '../check';

/** Strict CBOR in a COSE_Sign1, ES384, SHA-384, no field missing or too long. */
export const structure = {
  name: 'structure',
  async run(subject): Promise<Outcome> {
    subject.read = await subject.primitives.steps.read(subject.evidence.document);
    return 'passed';
  },
} as const satisfies Check;
