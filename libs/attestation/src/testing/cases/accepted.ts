import { basicConstraints, extension, keyUsage } from '../certificate-writer';
import { link, makeLink, testTimeMs } from '../chain-writer';
import { concat, generalizedTime } from '../der-writer';
import { array, bytes, map, nothing, pcr, text, uint } from '../document-writer';
import { pcrHex, testCase } from './case';

const hourMs = 3_600_000;
const long = new Uint8Array(4096).fill(9);

export const accepted = () => [
  testCase('a document', 'verified'),
  testCase('tagged with 18', 'verified', { document: (document) => concat(Uint8Array.of(0xd2), document) }),
  testCase('the payload is a map of indefinite length', 'verified', {
    payload: (_, { entries }) => concat(Uint8Array.of(0xbf), ...entries.flat(), Uint8Array.of(0xff)),
  }),
  testCase(
    'optional fields are null',
    'verified',
    { fields: (fields) => fields.set('nonce', nothing).set('user_data', nothing).set('public_key', nothing) },
    { nonceBase64: null },
  ),
  testCase(
    'optional fields are absent',
    'verified',
    { fields: (fields) => fields.delete('nonce').delete('user_data').delete('public_key') },
    { nonceBase64: null },
  ),
  testCase('from a cache, with the nonce of another verifier', 'verified', {}, { nonceBase64: null }),
  testCase(
    'the longest fields',
    'verified',
    {
      fields: (fields) =>
        fields
          .set('nonce', bytes(long))
          .set('user_data', bytes(long))
          .set('public_key', bytes(new Uint8Array(1024))),
    },
    { nonceBase64: null },
  ),
  ...['user_data', 'public_key'].map((name) =>
    testCase(`an empty ${name}`, 'verified', { fields: (fields) => fields.set(name, bytes(new Uint8Array())) }),
  ),
  testCase(
    'an empty nonce, from a cache',
    'verified',
    { fields: (fields) => fields.set('nonce', bytes(new Uint8Array())) },
    { nonceBase64: null },
  ),
  testCase('user data of 746 bytes, as a genuine document of 2022 has', 'verified', {
    fields: (fields) => fields.set('user_data', bytes(new Uint8Array(746).fill(7))),
  }),
  testCase(
    'a nonce of 1,025 bytes, from a cache',
    'verified',
    { fields: (fields) => fields.set('nonce', bytes(new Uint8Array(1025))) },
    { nonceBase64: null },
  ),
  ...(
    [
      ['text', text('x')],
      ['true', Uint8Array.of(0xf5)],
      ['false', Uint8Array.of(0xf4)],
      ['null', nothing],
      ['bytes', bytes(pcr(1))],
      ['a map of an array', map([text('a'), array(uint(1), nothing)])],
    ] as const
  ).map(([kind, value]) =>
    testCase(`an unknown field of ${kind}`, 'verified', { fields: (fields) => fields.set('added', value) }),
  ),
  testCase('unknown fields named __proto__ and constructor', 'verified', {
    fields: (fields) => fields.set('__proto__', map()).set('constructor', map()),
  }),
  testCase('32 PCRs of all three lengths', 'verified', {
    pcrs: (pcrs) => {
      for (let i = 16; i < 32; i++) pcrs.set(i, pcr(i, i % 2 ? 32 : 64));
    },
  }),
  testCase(
    'the second of two accepted sets fits',
    'verified',
    {},
    {
      acceptedMeasurements: [
        { pcr0: pcrHex(5), operator: 'any' },
        { pcr0: pcrHex(0), pcr3: pcrHex(3) },
      ],
    },
  ),
  testCase(
    'all measurements that a policy can name',
    'verified',
    {},
    {
      acceptedMeasurements: [
        Object.fromEntries([0, 1, 2, 3, 4, 8].map((index) => [`pcr${String(index)}`, pcrHex(index)])),
      ],
    },
  ),
  testCase(
    'the second of two accepted operators of one image',
    'verified',
    {},
    { acceptedMeasurements: [5, 3].map((pcr3) => ({ pcr0: pcrHex(0), pcr3: pcrHex(pcr3) })) },
  ),
  testCase(
    'operator: any in the policy',
    'verified',
    {},
    { acceptedMeasurements: [{ pcr0: pcrHex(0), operator: 'any' }] },
  ),
  testCase(
    'operator: any in the policy, for a parent without a role',
    'verified',
    { pcrs: (pcrs) => pcrs.set(3, pcr(0)) },
    { acceptedMeasurements: [{ pcr0: pcrHex(0), operator: 'any' }] },
  ),
  testCase('a document that is exactly as old as allowed', 'verified', {
    fields: (fields) => fields.set('timestamp', uint(testTimeMs - 60_000)),
  }),
  testCase('a timestamp exactly as far ahead as allowed', 'verified', {
    fields: (fields) => fields.set('timestamp', uint(testTimeMs + 5_000)),
  }),
  testCase(
    'at the first moment of the leaf',
    'verified',
    { fields: (fields) => fields.set('timestamp', uint(testTimeMs - hourMs)) },
    { atMs: testTimeMs - hourMs },
  ),
  testCase(
    'at the last moment of the leaf',
    'verified',
    { fields: (fields) => fields.set('timestamp', uint(testTimeMs + 2 * hourMs)) },
    { atMs: testTimeMs + 2 * hourMs },
  ),
  testCase('GeneralizedTime in a certificate', 'verified', {
    chain: (links) => {
      Object.assign(link(links, 'leaf').parts, {
        notBefore: generalizedTime(testTimeMs - hourMs),
        notAfter: generalizedTime(testTimeMs + hourMs),
      });
    },
  }),
  testCase('an unknown extension that is not critical', 'verified', {
    chain: (links) => link(links, 'zonal').parts.extensions?.push(extension('551d7f', false, Uint8Array.of(5, 0))),
  }),
  testCase('CAs without a path length', 'verified', {
    chain: (links) => {
      for (const name of ['regional', 'zonal', 'instance'] as const)
        link(links, name).parts.extensions = [basicConstraints(true), keyUsage(0x04)];
    },
  }),
  testCase('a leaf without basicConstraints', 'verified', {
    chain: (links) => {
      link(links, 'leaf').parts.extensions = [keyUsage(0x80)];
    },
  }),
  testCase('a leaf directly below the root', 'verified', {
    chain: (links) => {
      links.splice(1, 4, makeLink('leaf', links[0], [basicConstraints(false), keyUsage(0x80)]));
    },
  }),
];
