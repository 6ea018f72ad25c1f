import { testTimeMs } from '../chain-writer';
import { bytes, nothing, pcr, testNonce, uint } from '../document-writer';
import { base64Of, hexOf, pcrHex, testCase } from './case';

export const measurements = () => [
  ...[0, 1, 2].map((index) =>
    testCase(`PCR${index} is zero`, 'ERR_ATTESTATION_DEBUG', { pcrs: (pcrs) => pcrs.set(index, pcr(0)) }),
  ),
  testCase('debug mode: PCR0, 1 and 2 are zero, PCR4 is not', 'ERR_ATTESTATION_DEBUG', {
    pcrs: (pcrs) => [0, 1, 2].forEach((index) => pcrs.set(index, pcr(0))),
  }),
  ...[0, 1, 2].map((index) =>
    testCase(`without PCR${index}`, 'ERR_ATTESTATION_PCR_MISSING', { pcrs: (pcrs) => pcrs.delete(index) }),
  ),
  testCase('another PCR0', 'ERR_ATTESTATION_MEASUREMENT', { pcrs: (pcrs) => pcrs.set(0, pcr(0xa1)) }),
  testCase('PCR0 differs in its last bit', 'ERR_ATTESTATION_MEASUREMENT', {
    pcrs: (pcrs) => pcrs.get(0)!.set([0xa1], 47),
  }),
  testCase('PCR0 has the right beginning and 32 bytes', 'ERR_ATTESTATION_MEASUREMENT', {
    pcrs: (pcrs) => pcrs.set(0, pcr(0xa0, 32)),
  }),
  testCase('PCR0 has the right beginning and 64 bytes', 'ERR_ATTESTATION_MEASUREMENT', {
    pcrs: (pcrs) => pcrs.set(0, pcr(0xa0, 64)),
  }),
  ...(
    [
      [1, 'MEASUREMENT'],
      [2, 'MEASUREMENT'],
      [3, 'OPERATOR'],
      [4, 'INSTANCE'],
      [8, 'MEASUREMENT'],
    ] as const
  ).map(([index, code]) =>
    testCase(
      `PCR0 fits, PCR${index} does not`,
      `ERR_ATTESTATION_${code}`,
      {},
      { acceptedMeasurements: [{ pcr0: pcrHex(0), pcr3: pcrHex(3), [`pcr${index}`]: hexOf(pcr(0xee)) }] },
    ),
  ),
  testCase('the image under the role of a stranger', 'ERR_ATTESTATION_OPERATOR', {
    pcrs: (pcrs) => pcrs.set(3, pcr(0xee)),
  }),
  testCase('PCR3 differs in its last bit', 'ERR_ATTESTATION_OPERATOR', {
    pcrs: (pcrs) => pcrs.get(3)!.set([0xa2], 47),
  }),
  testCase('PCR3 has the right beginning and 32 bytes', 'ERR_ATTESTATION_OPERATOR', {
    pcrs: (pcrs) => pcrs.set(3, pcr(0xa3, 32)),
  }),
  ...[32, 48, 64].map((length) =>
    testCase(`a parent without a role: PCR3 is ${String(length)} zero bytes`, 'ERR_ATTESTATION_OPERATOR_UNNAMED', {
      pcrs: (pcrs) => pcrs.set(3, pcr(0, length)),
    }),
  ),
  testCase('without PCR3', 'ERR_ATTESTATION_OPERATOR_UNNAMED', { pcrs: (pcrs) => pcrs.delete(3) }),
  testCase(
    'the policy names PCR4, but the document has none',
    'ERR_ATTESTATION_INSTANCE',
    { pcrs: (pcrs) => pcrs.delete(4) },
    { acceptedMeasurements: [{ pcr0: pcrHex(0), pcr3: pcrHex(3), pcr4: pcrHex(4) }] },
  ),
  testCase(
    'the policy accepts any operator for a second image, and this PCR3 for a third image',
    'ERR_ATTESTATION_OPERATOR',
    {},
    {
      acceptedMeasurements: [
        { pcr0: pcrHex(0), pcr3: hexOf(pcr(0xee)) },
        { pcr0: hexOf(pcr(0xee)), operator: 'any' },
        { pcr0: hexOf(pcr(0xef)), pcr3: pcrHex(3) },
      ],
    },
  ),
  testCase(
    'the accepted instance in PCR4 under another operator',
    'ERR_ATTESTATION_OPERATOR',
    { pcrs: (pcrs) => pcrs.set(3, pcr(0xee)) },
    { acceptedMeasurements: [{ pcr0: pcrHex(0), pcr3: pcrHex(3), pcr4: pcrHex(4) }] },
  ),
  testCase(
    'the policy names PCR8, but the document has none',
    'ERR_ATTESTATION_MEASUREMENT',
    { pcrs: (pcrs) => pcrs.delete(8) },
    { acceptedMeasurements: [{ pcr0: pcrHex(0), pcr3: pcrHex(3), pcr8: pcrHex(8) }] },
  ),
  testCase(
    'PCR0 of one accepted set and PCR1 of another',
    'ERR_ATTESTATION_MEASUREMENT',
    {},
    {
      acceptedMeasurements: [
        { pcr0: pcrHex(0), pcr1: hexOf(pcr(0xee)), operator: 'any' },
        { pcr0: hexOf(pcr(0xee)), pcr1: pcrHex(1), operator: 'any' },
      ],
    },
  ),
];

const nonce = (value: Uint8Array) => ({
  fields: (fields: { set(name: string, value: Uint8Array): unknown }) => fields.set('nonce', value),
});
const time = (ms: number) => ({
  fields: (fields: { set(name: string, value: Uint8Array): unknown }) => fields.set('timestamp', uint(ms)),
});

export const freshness = () => [
  testCase('no nonce', 'ERR_ATTESTATION_NONCE_MISSING', { fields: (fields) => fields.delete('nonce') }),
  testCase('a nonce that is null', 'ERR_ATTESTATION_NONCE_MISSING', nonce(nothing)),
  testCase('another nonce', 'ERR_ATTESTATION_NONCE', nonce(bytes(new Uint8Array(32)))),
  testCase(
    'a nonce that differs in its last bit',
    'ERR_ATTESTATION_NONCE',
    nonce(bytes(Uint8Array.from(testNonce, (byte, i) => (i === 31 ? byte ^ 1 : byte)))),
  ),
  testCase(
    'a nonce that is our nonce without its last byte',
    'ERR_ATTESTATION_NONCE',
    nonce(bytes(testNonce.slice(0, 31))),
  ),
  testCase('our nonce with a byte appended', 'ERR_ATTESTATION_NONCE', nonce(bytes(new Uint8Array([...testNonce, 0])))),
  testCase('an empty nonce', 'ERR_ATTESTATION_NONCE', nonce(bytes(new Uint8Array()))),
  testCase('our nonce in user data', 'ERR_ATTESTATION_NONCE_MISSING', {
    fields: (fields) => fields.set('user_data', bytes(testNonce)).delete('nonce'),
  }),
  testCase(
    'a nonce of a replayed document',
    'ERR_ATTESTATION_NONCE',
    {},
    { nonceBase64: base64Of(new Uint8Array(32).fill(1)) },
  ),
  testCase('a millisecond too old', 'ERR_ATTESTATION_TOO_OLD', time(testTimeMs - 60_001)),
  testCase('timestamp 1', 'ERR_ATTESTATION_TOO_OLD', time(1)),
  testCase('a cached document too old', 'ERR_ATTESTATION_TOO_OLD', time(testTimeMs - 60_001), { nonceBase64: null }),
  testCase('a millisecond too far ahead', 'ERR_ATTESTATION_FROM_FUTURE', time(testTimeMs + 5_001)),
  testCase('a timestamp of 2^53 - 1', 'ERR_ATTESTATION_FROM_FUTURE', time(Number.MAX_SAFE_INTEGER)),
];
