import { established, type Check, type Outcome } from '../check';

const MAX_NAMES = 8;
const MAX_NAME_CHARACTERS = 32;

/** Warns about signed fields that this code does not know, because AWS may add fields. It does not interpret them. */
export const fields = {
  name: 'fields',
  run(subject): Outcome {
    const { unknownFields } = established(subject, 'attestation');
    if (unknownFields.length === 0) return 'passed';
    const names = unknownFields.slice(0, MAX_NAMES).map((name) => JSON.stringify(name.slice(0, MAX_NAME_CHARACTERS)));
    const more = unknownFields.length > MAX_NAMES ? ` and ${String(unknownFields.length - MAX_NAMES)} more` : '';
    return { state: 'warning', code: 'unknown_fields', detail: `${names.join(', ')}${more}` };
  },
} as const satisfies Check;
