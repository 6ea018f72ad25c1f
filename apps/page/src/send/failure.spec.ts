import { remedyOf } from './failure';

const can = { again: true, ask: true };
const failed = { status: 409, code: 'refused', sent: 'not_sent', reason: undefined, problem: undefined } as const;

it.each([
  ['a circuit that the gateway has retired', { ...failed, problem: 'circuit_retired' }, 'reload'],
  [
    'a circuit that the enclave does not attest',
    { ...failed, code: 'residence_refused', reason: 'circuit_retired' },
    'reload',
  ],
  ['a second message of the same person in the campaign', { ...failed, problem: 'already_sent' }, 'none'],
  [
    'a message that was sealed again and refused as a second one',
    { ...failed, sent: 'accepted', problem: 'already_sent' },
    'none',
  ],
  [
    'a page that its operator has not set up to prove',
    { ...failed, code: 'residence_unavailable', status: undefined, reason: 'ERR_PROVING_NO_REFERENCE_STRING' },
    'none',
  ],
  ['a proof that could not be made', { ...failed, code: 'residence_unavailable', status: undefined }, 'again'],
  [
    'a circuit that is retired while an earlier form may be under way',
    { ...failed, sent: 'not_known', problem: 'circuit_retired' },
    'ask',
  ],
] as const)('offers the right remedy after %s', (_, failure, remedy) => {
  expect(remedyOf(failure, can)).toBe(remedy);
});
