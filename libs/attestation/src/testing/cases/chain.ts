import { generateKeyPairSync } from 'node:crypto';
import type { AttestationErrorCode } from '../../exports';
import {
  basicConstraints,
  ecdsaWith,
  extension,
  keyUsage,
  publicKeyInfo,
  type CertificateParts,
} from '../certificate-writer';
import {
  levelNames,
  link,
  makeLink,
  newKeys,
  pem,
  testTimeMs,
  writeChain,
  type LevelName,
  type Link,
} from '../chain-writer';
import {
  ascii,
  bits,
  boolean,
  concat,
  distinguishedName,
  element,
  fromHex,
  integer,
  octets,
  oid,
  sequence,
  utcTime,
} from '../der-writer';
import { testCase } from './case';

const cas = ['root', 'regional', 'zonal', 'instance'] as const;
type Change = (parts: CertificateParts, link: Link) => void;
const changed = (name: string, code: AttestationErrorCode, level: LevelName, change: Change) =>
  testCase(`${level}: ${name}`, code, {
    chain: (links) => {
      const found = link(links, level);
      change(found.parts, found);
    },
  });
const extensions =
  (...list: Uint8Array[]): Change =>
  (parts) => {
    parts.extensions = list;
  };

export const chains = () => [
  testCase(
    'another root with the same names, if only the AWS root is trusted',
    'ERR_ATTESTATION_ROOT',
    {},
    { rootPem: null },
  ),
  testCase(
    'a root with the same name and another key',
    'ERR_ATTESTATION_ROOT',
    { chain: (links) => Object.assign(links[0]!, freshKeys(links[0]!)) },
    { rootPem: pem(writeChain().certificates[0]!) },
  ),
  testCase('the root issued again with the same key', 'ERR_ATTESTATION_ROOT', {
    certificates: ([, ...rest]) => [
      writeChain((links) => (links[0]!.parts.serial = integer(9))).certificates[0]!,
      ...rest,
    ],
  }),
  testCase('the root missing', 'ERR_ATTESTATION_ROOT', { certificates: ([, ...rest]) => rest }),
  testCase('the bundle upside down', 'ERR_ATTESTATION_ROOT', {
    certificates: (all) => [...all.slice(0, -1).reverse(), all.at(-1)!],
  }),
  testCase('the root at the end of the bundle', 'ERR_ATTESTATION_ROOT', {
    certificates: ([root, a, b, c, leaf]) => [a!, b!, c!, root!, leaf!],
  }),
  testCase('two certificates of the bundle swapped', 'ERR_ATTESTATION_CERTIFICATE_SIGNATURE', {
    certificates: ([root, a, b, c, leaf]) => [root!, b!, a!, c!, leaf!],
  }),
  testCase('a certificate of the bundle missing', 'ERR_ATTESTATION_CERTIFICATE_SIGNATURE', {
    certificates: ([root, a, , c, leaf]) => [root!, a!, c!, leaf!],
  }),
  testCase('the last certificate of the bundle missing', 'ERR_ATTESTATION_CERTIFICATE_SIGNATURE', {
    certificates: ([root, a, b, , leaf]) => [root!, a!, b!, leaf!],
  }),
  testCase('a certificate of the bundle twice', 'ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH', {
    certificates: ([root, a, b, c, leaf]) => [root!, a!, a!, b!, c!, leaf!],
  }),
  testCase('the leaf at the end of the bundle as well', 'ERR_ATTESTATION_CERTIFICATE_LEAF_IS_CA', {
    certificates: ([root, a, b, c]) => [root!, a!, b!, c!],
  }),
  testCase('the leaf signs another leaf', 'ERR_ATTESTATION_CERTIFICATE_NOT_CA', {
    chain: (links) => {
      for (const name of cas) link(links, name).parts.extensions = [basicConstraints(true), keyUsage(0x04)];
      links.push(makeLink('intruder', links.at(-1), [basicConstraints(false), keyUsage(0x80)]));
    },
  }),
  testCase('a CA below a CA with path length 0', 'ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH', {
    chain: (links) => {
      links.splice(1, 2);
      const instance = links[1]!;
      instance.parts.issuer = distinguishedName('root');
      links.splice(2, 1, makeLink('intruder', instance, [basicConstraints(true), keyUsage(0x04)]));
      links.push(makeLink('leaf', links[2], [basicConstraints(false), keyUsage(0x80)]));
    },
  }),

  ...levelNames.map((level) =>
    changed(
      'expired',
      'ERR_ATTESTATION_CERTIFICATE_EXPIRED',
      level,
      (parts) => (parts.notAfter = utcTime(testTimeMs - 1000)),
    ),
  ),
  ...levelNames.map((level) =>
    changed(
      'not yet valid',
      'ERR_ATTESTATION_CERTIFICATE_NOT_YET_VALID',
      level,
      (parts) => (parts.notBefore = utcTime(testTimeMs + 1000)),
    ),
  ),
  testCase(
    'a millisecond after the leaf ended',
    'ERR_ATTESTATION_CERTIFICATE_EXPIRED',
    {},
    { atMs: testTimeMs + 2 * 3_600_000 + 1 },
  ),
  testCase(
    'a millisecond before the leaf begins',
    'ERR_ATTESTATION_CERTIFICATE_NOT_YET_VALID',
    {},
    { atMs: testTimeMs - 3_600_000 - 1 },
  ),
  changed(
    'ended in 1999 (UTCTime of two digits)',
    'ERR_ATTESTATION_CERTIFICATE_EXPIRED',
    'leaf',
    (parts) => (parts.notAfter = ascii(0x17, '991231235959Z')),
  ),

  ...cas.map((level) =>
    changed('no CA', 'ERR_ATTESTATION_CERTIFICATE_NOT_CA', level, extensions(basicConstraints(false), keyUsage(0x86))),
  ),
  changed('no basicConstraints', 'ERR_ATTESTATION_CERTIFICATE_NOT_CA', 'zonal', extensions(keyUsage(0x86))),
  changed('no extensions', 'ERR_ATTESTATION_CERTIFICATE_NOT_CA', 'zonal', (parts) => (parts.extensions = undefined)),
  changed(
    'basicConstraints that are not critical',
    'ERR_ATTESTATION_CERTIFICATE_NOT_CA',
    'zonal',
    extensions(basicConstraints(true, 1, false), keyUsage(0x86)),
  ),
  changed(
    'path length 2 with three CAs below',
    'ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH',
    'root',
    extensions(basicConstraints(true, 2), keyUsage(0x86)),
  ),
  changed(
    'path length 1 with two CAs below',
    'ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH',
    'regional',
    extensions(basicConstraints(true, 1), keyUsage(0x86)),
  ),
  changed(
    'path length 0 with a CA below',
    'ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH',
    'zonal',
    extensions(basicConstraints(true, 0), keyUsage(0x86)),
  ),
  ...cas.map((level) =>
    changed(
      'no keyCertSign',
      'ERR_ATTESTATION_CERTIFICATE_KEY_USAGE',
      level,
      extensions(basicConstraints(true), keyUsage(0x82)),
    ),
  ),
  changed('no keyUsage', 'ERR_ATTESTATION_CERTIFICATE_KEY_USAGE', 'instance', extensions(basicConstraints(true, 0))),
  changed(
    'no digitalSignature',
    'ERR_ATTESTATION_CERTIFICATE_KEY_USAGE',
    'leaf',
    extensions(basicConstraints(false), keyUsage(0x40)),
  ),
  changed('no keyUsage', 'ERR_ATTESTATION_CERTIFICATE_KEY_USAGE', 'leaf', extensions(basicConstraints(false))),
  changed('a CA', 'ERR_ATTESTATION_CERTIFICATE_LEAF_IS_CA', 'leaf', extensions(basicConstraints(true), keyUsage(0x84))),

  ...levelNames
    .slice(1)
    .map((level) =>
      changed(
        'another issuer named',
        'ERR_ATTESTATION_CERTIFICATE_ISSUER',
        level,
        (parts) => (parts.issuer = distinguishedName('somebody')),
      ),
    ),
  ...levelNames
    .slice(1)
    .map((level) =>
      changed(
        'signed by another key',
        'ERR_ATTESTATION_CERTIFICATE_SIGNATURE',
        level,
        (_, found) => (found.signWith = newKeys().privateKey),
      ),
    ),
  changed(
    'signed by itself',
    'ERR_ATTESTATION_CERTIFICATE_SIGNATURE',
    'regional',
    (_, found) => (found.signWith = found.keys.privateKey),
  ),
  changed(
    'signed with SHA-256, but SHA-384 named',
    'ERR_ATTESTATION_CERTIFICATE_SIGNATURE',
    'zonal',
    (parts) => (parts.digest = 'sha256'),
  ),
  changed(
    'r and s are zero',
    'ERR_ATTESTATION_CERTIFICATE_SIGNATURE',
    'zonal',
    (parts) => (parts.signature = () => sequence(integer(0), integer(0))),
  ),
  changed(
    'changed after it was signed',
    'ERR_ATTESTATION_CERTIFICATE_SIGNATURE',
    'leaf',
    (parts) => (parts.finished = (der) => der.fill(0x31, 15, 16)),
  ),
];

export const certificates = () => [
  changed('an unknown critical extension', 'ERR_ATTESTATION_CERTIFICATE_EXTENSION', 'zonal', (parts) =>
    parts.extensions?.push(extension('551d7f', true, fromHex('0500'))),
  ),
  changed('critical name constraints', 'ERR_ATTESTATION_CERTIFICATE_EXTENSION', 'regional', (parts) =>
    parts.extensions?.push(extension('551d1e', true, sequence())),
  ),
  changed('an unknown critical extension', 'ERR_ATTESTATION_CERTIFICATE_EXTENSION', 'leaf', (parts) =>
    parts.extensions?.push(extension('551d25', true, sequence())),
  ),

  ...(['sha256', 'sha512'] as const).map((hash) =>
    changed(`signed with ${hash}`, 'ERR_ATTESTATION_CERTIFICATE_ALGORITHM', 'leaf', (parts) =>
      Object.assign(parts, { innerAlgorithm: ecdsaWith(hash), outerAlgorithm: ecdsaWith(hash), digest: hash }),
    ),
  ),
  changed(
    'another algorithm inside than outside',
    'ERR_ATTESTATION_CERTIFICATE_ALGORITHM',
    'leaf',
    (parts) => (parts.innerAlgorithm = ecdsaWith('sha256')),
  ),
  changed(
    'another algorithm outside than inside',
    'ERR_ATTESTATION_CERTIFICATE_ALGORITHM',
    'leaf',
    (parts) => (parts.outerAlgorithm = ecdsaWith('sha256')),
  ),
  changed(
    'an algorithm with parameters',
    'ERR_ATTESTATION_CERTIFICATE_ALGORITHM',
    'leaf',
    (parts) => (parts.outerAlgorithm = sequence(oid('2a8648ce3d040303'), fromHex('0500'))),
  ),
  changed('an RSA algorithm named in the certificate', 'ERR_ATTESTATION_CERTIFICATE_ALGORITHM', 'zonal', (parts) =>
    Object.assign(parts, { innerAlgorithm: rsa, outerAlgorithm: rsa }),
  ),
  ...['P-256', 'P-521', 'secp256k1'].map((curve) =>
    changed(
      `a key on ${curve}`,
      'ERR_ATTESTATION_CERTIFICATE_KEY',
      'leaf',
      (parts) => (parts.publicKeyInfo = publicKeyInfo(newKeys(curve).publicKey)),
    ),
  ),
  changed(
    'an RSA key',
    'ERR_ATTESTATION_CERTIFICATE_KEY',
    'leaf',
    (parts) => (parts.publicKeyInfo = publicKeyInfo(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)),
  ),
  changed(
    'an Ed25519 key',
    'ERR_ATTESTATION_CERTIFICATE_KEY',
    'leaf',
    (parts) => (parts.publicKeyInfo = publicKeyInfo(generateKeyPairSync('ed25519').publicKey)),
  ),
  changed(
    'a compressed point',
    'ERR_ATTESTATION_CERTIFICATE_KEY',
    'leaf',
    (parts, { keys }) => (parts.publicKeyInfo = compressed(keys)),
  ),
  changed('a P-384 key with P-521 named', 'ERR_ATTESTATION_CERTIFICATE_KEY', 'leaf', (parts) =>
    parts.publicKeyInfo.fill(0x23, 19, 20),
  ),
  changed('a point in hybrid form', 'ERR_ATTESTATION_CERTIFICATE_KEY', 'leaf', (parts) =>
    parts.publicKeyInfo.fill(0x06, 23, 24),
  ),
  changed('a key that is no whole number of bytes', 'ERR_ATTESTATION_CERTIFICATE_KEY', 'leaf', (parts) =>
    parts.publicKeyInfo.fill(0x01, 22, 23),
  ),
  changed('a point that is not on the curve', 'ERR_ATTESTATION_CERTIFICATE_KEY', 'leaf', (parts) =>
    parts.publicKeyInfo.fill(0x42, -8),
  ),
  changed('a point that is not on the curve', 'ERR_ATTESTATION_CERTIFICATE_KEY', 'regional', (parts) =>
    parts.publicKeyInfo.fill(0x42, -8),
  ),
  changed('a point of zeros', 'ERR_ATTESTATION_CERTIFICATE_KEY', 'leaf', (parts) => parts.publicKeyInfo.fill(0, -96)),
  changed('coordinates beyond the field', 'ERR_ATTESTATION_CERTIFICATE_KEY', 'leaf', (parts) =>
    parts.publicKeyInfo.fill(0xff, -96),
  ),

  ...(
    [
      ['version 1', (parts) => (parts.version = new Uint8Array())],
      ['version 2', (parts) => (parts.version = element(0xa0, integer(1)))],
      ['version 4', (parts) => (parts.version = element(0xa0, integer(3)))],
      ['a negative serial number', (parts) => (parts.serial = integer(0x80))],
      ['a serial number of no bytes', (parts) => (parts.serial = integer())],
      ['a serial number not in its shortest form', (parts) => (parts.serial = integer(0, 1))],
      ['a length in two bytes that fits in one', (parts) => (parts.serial = fromHex('02810107'))],
      ['a length in three bytes that fits in two', (parts) => (parts.serial = fromHex('0282000107'))],
      ['a serial number of 21 bytes', (parts) => (parts.serial = integer(...new Uint8Array(21).fill(1)))],
      ['an issuer unique id', (parts) => (parts.uniqueIds = fromHex('81020001'))],
      ['bytes after the certificate', (parts) => (parts.finished = (der) => concat(der, Uint8Array.of(0)))],
      ['without its last byte', (parts) => (parts.finished = (der) => der.slice(0, -1))],
      [
        'an indefinite length (BER)',
        (parts) => (parts.finished = (der) => concat(Uint8Array.of(0x30, 0x80), der.slice(4), Uint8Array.of(0, 0))),
      ],
      [
        'a length longer than needed',
        (parts) => (parts.finished = (der) => concat(Uint8Array.of(0x30, 0x83, 0), der.slice(2))),
      ],
      ['one byte', (parts) => (parts.finished = () => Uint8Array.of(0x30))],
      ['not a sequence', (parts) => (parts.finished = (der) => concat(Uint8Array.of(0x31), der.slice(1)))],
      ['PEM', (parts) => (parts.finished = (der) => new TextEncoder().encode(pem(der).slice(0, 1000)))],
      ['an empty extension list without its sequence', (parts) => (parts.uniqueIds = element(0xa3))],
      ['a time without seconds', (parts) => (parts.notAfter = ascii(0x17, '2611011200Z'))],
      ['a time with an offset', (parts) => (parts.notAfter = ascii(0x17, '261101120000+0000'))],
      ['a time with a fraction', (parts) => (parts.notAfter = ascii(0x18, '20261101120000.5Z'))],
      ['31 February', (parts) => (parts.notAfter = ascii(0x18, '20270231120000Z'))],
      ['25 o’clock', (parts) => (parts.notAfter = ascii(0x18, '20270201250000Z'))],
      ['the year 0', (parts) => (parts.notBefore = ascii(0x18, '00000101000000Z'))],
      ['a time that is text', (parts) => (parts.notAfter = ascii(0x0c, '261101120000Z'))],
      ['no subject', (parts) => (parts.subject = new Uint8Array())],
      ['a subject that is no name', (parts) => (parts.subject = sequence(integer(1)))],
      ['basicConstraints twice', (parts) => parts.extensions?.push(basicConstraints(false))],
      ['keyUsage twice', (parts) => parts.extensions?.push(keyUsage(0x80))],
      [
        'a flag that is neither true nor false',
        (parts) => parts.extensions?.push(sequence(oid('551d7f'), boolean(1), octets(sequence()))),
      ],
      [
        'a flag encoded as false, which DER omits',
        (parts) => parts.extensions?.push(sequence(oid('551d7f'), boolean(0), octets(sequence()))),
      ],
      ['an extension without a value', (parts) => parts.extensions?.push(sequence(oid('551d7f')))],
      ['keyUsage without bits', (parts) => (parts.extensions = [extension('551d0f', true, bits(0))])],
      [
        'keyUsage with an unused bit set',
        (parts) => (parts.extensions = [extension('551d0f', true, bits(7, Uint8Array.of(0x84)))]),
      ],
      [
        'keyUsage with nine unused bits',
        (parts) => (parts.extensions = [extension('551d0f', true, bits(9, Uint8Array.of(0x80)))]),
      ],
      [
        'a path length in a certificate that is no CA',
        (parts) => (parts.extensions = [basicConstraints(false, 0), keyUsage(0x80)]),
      ],
      [
        'a negative path length',
        (parts) =>
          (parts.extensions = [extension('551d13', true, sequence(boolean(0xff), integer(0xff))), keyUsage(0x80)]),
      ],
      [
        'a third item in basicConstraints',
        (parts) =>
          (parts.extensions = [
            extension('551d13', true, sequence(boolean(0xff), integer(0), integer(0))),
            keyUsage(0x80),
          ]),
      ],
      ['a signature with unused bits', (parts) => (parts.finished = (der) => replaceSignatureHead(der, 1))],
      ['a signature of one number', (parts) => (parts.signature = () => sequence(integer(1)))],
      [
        'a signature of three numbers',
        (parts) => (parts.signature = () => sequence(integer(1), integer(1), integer(1))),
      ],
      ['a negative r', (parts) => (parts.signature = () => sequence(integer(0x80), integer(1)))],
      [
        'an r of 49 bytes',
        (parts) => (parts.signature = () => sequence(integer(...new Uint8Array(49).fill(1)), integer(1))),
      ],
      ['bytes after the signature', (parts) => (parts.signature = (der) => concat(der, Uint8Array.of(0)))],
      ['a raw signature', (parts) => (parts.signature = () => new Uint8Array(96).fill(1))],
    ] as [string, Change][]
  ).map(([name, change]) => changed(name, 'ERR_ATTESTATION_CERTIFICATE', 'leaf', change)),
];

const rsa = sequence(oid('2a864886f70d01010c'), fromHex('0500'));

function freshKeys(original: Link): Partial<Link> {
  const keys = newKeys();
  original.parts.publicKeyInfo = publicKeyInfo(keys.publicKey);
  return { keys };
}

function compressed({ publicKey }: Link['keys']): Uint8Array {
  const whole = publicKeyInfo(publicKey);
  return sequence(
    sequence(oid('2a8648ce3d0201'), oid('2b81040022')),
    bits(0, Uint8Array.of(0x02), whole.slice(-96, -48)),
  );
}

/** Replaces the count of unused bits in the signature's BIT STRING. */
function replaceSignatureHead(der: Uint8Array, unused: number): Uint8Array {
  const signature = Buffer.from(der).lastIndexOf(Buffer.from([0x00, 0x30]));
  der[signature] = unused;
  return der;
}
