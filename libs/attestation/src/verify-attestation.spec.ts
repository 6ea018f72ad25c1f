import * as browserEntry from './browser';
import * as nodeEntry from './index';
import { attestationErrorCodes, attestationSteps, AttestationError } from './exports';
import { allCases } from './testing/cases/all-cases';
import { outcomeOf } from './testing/test-case';

const cases = allCases();
const forged = cases.filter(({ expected }) => expected !== 'verified');

describe.each([
  ['node:crypto', nodeEntry],
  ['WebCrypto', browserEntry],
])('verifyAttestation over %s', (_, entry) => {
  it.each(cases.map((each) => [each.name, each.expected, each] as const))(
    '%s: %s',
    async (_name, expected, testCase) => {
      expect(await outcomeOf(testCase, entry)).toBe(expected);
    },
  );

  it('has the same outcomes with remembered signatures, the first time and the second', async () => {
    const { verify } = entry.createAttestationVerifier();
    for (const each of [...cases, ...cases])
      expect([each.name, await outcomeOf(each, entry, verify)]).toEqual([each.name, each.expected]);
  });
});

describe('the table of cases', () => {
  it('has more than 300 forged or malformed documents, each with a different name', () => {
    expect(forged.length).toBeGreaterThan(300);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('has a case for every code except the codes of an unusable policy', () => {
    const judged = attestationErrorCodes.filter((code) => new AttestationError(code).step !== 'policy');
    expect(judged.filter((code) => !forged.some(({ expected }) => expected === code))).toEqual([]);
    expect(new Set(attestationErrorCodes.map((code) => new AttestationError(code).step))).toEqual(
      new Set(attestationSteps),
    );
  });
});
