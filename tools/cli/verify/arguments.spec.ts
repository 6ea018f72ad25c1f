import { readFileSync, writeFileSync } from 'node:fs';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { CommandLine } from '@communique-tee/command-line';
import { readVerifyArguments, verifyArguments, type VerifyArguments, type VerifyOptions } from './arguments';

/** Parses arguments as the command does. */
async function parseArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<VerifyArguments | undefined> {
  const line = new CommandLine<0>('verify', '', { out: () => undefined, err: () => undefined });
  let read: VerifyArguments | undefined;
  verifyArguments(line.program).action(
    line.run((file: string | undefined, options: VerifyOptions) => {
      read = readVerifyArguments(file, options, environment);
      return 0;
    }),
  );
  await line.execute(argv);
  return read;
}

const pcr0 = 'ab'.repeat(48);
const pcr3 = '34'.repeat(48);
/** PCR3 of the role in the example of the AWS Nitro Enclaves User Guide. */
const OF_WEBSERVER = '78fce75db17cd4e0a3fb8dad3ad128ca5e77edbb2b2c7f75329dccd99aa5f6ef4fc1f1a452e315b9e98f9e312e6921e6';
/** An image and its operator. */
const image = ['--pcr0', pcr0, '--pcr3', pcr3];
const nonce = '01'.repeat(16);

describe('the arguments of verify', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());
  const policy = (value: unknown) => {
    const file = folder.file('policy.json');
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    return file;
  };

  it('default to a fresh nonce, a maximum age of five minutes, the current time and the AWS root', async () => {
    expect(await parseArguments(['--gateway', 'https://example.org', ...image])).toEqual({
      source: new URL('https://example.org'),
      trust: {
        measurements: [{ pcr0, pcr3 }],
        custody: undefined,
        maxAgeMs: 300_000,
        developmentRootPem: undefined,
        publisher: undefined,
      },
      nonce: 'fresh',
      at: undefined,
    });
  });

  it('take the gateway from --gateway, else from COMMUNIQUE_GATEWAY, else the one on this machine', async () => {
    const environment = { COMMUNIQUE_GATEWAY: 'https://elsewhere.example' };
    const sourceOf = async (...argv: Parameters<typeof parseArguments>) =>
      String((await parseArguments(...argv))?.source);
    expect(await sourceOf(['--gateway', 'https://example.org', ...image], environment)).toBe('https://example.org/');
    expect(await sourceOf([...image], environment)).toBe('https://elsewhere.example/');
    expect(await sourceOf([...image])).toBe('http://127.0.0.1:3001/');
    expect(await sourceOf(['file', '--no-nonce', ...image], environment)).toBe('file');
  });

  it('are all read', async () => {
    const argv = [
      'file',
      '--pcr0',
      `${pcr0}, sha384:${pcr0.toUpperCase()}`,
      '--pcr0',
      `0x${pcr0}`,
      '--pcr3',
      pcr3,
      '--operator-role',
      'arn:aws:iam::123456789012:role/Webserver',
      '--pcr4',
      'c4'.repeat(48),
      '--pcr8',
      `sha384:${'c8'.repeat(48)}`,
      '--nonce',
      nonce,
      '--max-age',
      '60',
      '--at',
      '2026-11-22T09:30:00+01:00',
      '--custody',
      'process,arn:aws:kms:us-east-1:1:alias/a',
      '--development-root',
      __filename,
      '--json',
    ];
    expect(await parseArguments(argv)).toEqual({
      source: 'file',
      trust: {
        measurements: [0, 1, 2].flatMap(() =>
          [pcr3, OF_WEBSERVER].map((operator) => ({
            pcr0,
            pcr3: operator,
            pcr4: 'c4'.repeat(48),
            pcr8: 'c8'.repeat(48),
          })),
        ),
        custody: ['process', 'arn:aws:kms:us-east-1:1:alias/a'],
        maxAgeMs: 60_000,
        developmentRootPem: readFileSync(__filename, 'utf8'),
        publisher: undefined,
      },
      nonce: new Uint8Array(16).fill(1),
      at: new Date('2026-11-22T08:30:00Z'),
    });
    expect(await parseArguments(['file', ...image, '--no-nonce'])).toMatchObject({ nonce: 'none' });
  });

  it('take a policy file instead of the options, with a root beside it', async () => {
    writeFileSync(folder.file('root.pem'), 'PEM');
    const file = policy({
      operator: { name: 'Example Union', origin: 'https://union.example' },
      acceptedMeasurements: [
        { pcr0: `sha384:${pcr0}`, pcr3: 'CD'.repeat(48) },
        { pcr0: 'ef'.repeat(48), operator: 'any' },
      ],
      acceptedCustody: ['process'],
      maxAgeSeconds: 60,
      developmentRoot: 'root.pem',
    });
    expect((await parseArguments(['--policy', file]))?.trust).toEqual({
      measurements: [
        { pcr0, pcr3: 'cd'.repeat(48) },
        { pcr0: 'ef'.repeat(48), operator: 'any' },
      ],
      custody: ['process'],
      maxAgeMs: 60_000,
      developmentRootPem: 'PEM',
      publisher: { name: 'Example Union', origin: 'https://union.example' },
    });
    expect((await parseArguments(['--policy', policy({ acceptedMeasurements: [{ pcr0, pcr3 }] })]))?.trust).toEqual({
      measurements: [{ pcr0, pcr3 }],
      custody: undefined,
      maxAgeMs: 300_000,
      developmentRootPem: undefined,
      publisher: undefined,
    });
    for (const option of [
      ['--pcr0', pcr0],
      ['--pcr3', pcr3],
      ['--operator-role', 'x'],
      ['--any-operator'],
      ['--pcr4', pcr0],
      ['--pcr8', pcr0],
      ['--custody', 'process'],
      ['--max-age', '1'],
      ['--development-root', __filename],
    ])
      await expect(parseArguments(['--policy', file, ...option])).rejects.toThrow('cannot be used with');
  });

  const ofFile = async (value: unknown, ...more: string[]) => {
    writeFileSync(folder.file('measured.json'), JSON.stringify(value));
    const read = await parseArguments(['--pcr0', folder.file('measured.json'), '--pcr3', pcr3, ...more]);
    return read?.trust.measurements;
  };
  const pcr1 = 'a1'.repeat(48);
  const pcr2 = 'a2'.repeat(48);
  const pcr8 = 'a8'.repeat(48);
  const measured = { HashAlgorithm: 'Sha384 { ... }', PCR0: pcr0, PCR1: pcr1, PCR2: pcr2 };

  it.each<[string, unknown, object]>([
    ['our measurements.json', { image: 'x.eif', pcr0, pcr1, pcr2, commit: 'abc' }, { pcr1, pcr2 }],
    ['nitro-cli build-enclave', { Measurements: measured }, { pcr1, pcr2 }],
    [
      'nitro-cli describe-eif of a signed image',
      { EifVersion: 4, Measurements: { ...measured, PCR8: pcr8 } },
      { pcr1, pcr2, pcr8 },
    ],
    ['nitro-cli describe-enclaves', [{ EnclaveCID: 16, Flags: 'NONE', Measurements: measured }], { pcr1, pcr2 }],
    ['only PCRs', { PCR0: pcr0.toUpperCase() }, {}],
  ])('take the image from this kind of file: %s', async (_, value, more) => {
    expect(await ofFile(value)).toEqual([{ pcr0, pcr3, ...more }]);
  });

  it.each<[string, unknown, string, string[]?]>([
    ['two forms at once', { pcr0, Measurements: measured }, 'can be read in two ways: measurements.json'],
    ['two spellings at once', { pcr0, PCR0: pcr0 }, 'can be read in two ways'],
    [
      'no measurements',
      { EnclaveName: 'x' },
      'it has none of pcr0, PCR0, Measurements, acceptedMeasurements; it has ["EnclaveName"]',
    ],
    ['several enclaves', [{ Measurements: measured }, { Measurements: measured }], 'lists 2 enclaves'],
    ['a PCR that is too short', { Measurements: { ...measured, PCR2: 'ab' } }, 'missing or not 96'],
    ['a debug enclave', [{ Flags: 'DEBUG_MODE', Measurements: { PCR0: '0'.repeat(96) } }], 'debug mode'],
    ['a policy', { acceptedMeasurements: [{ pcr0, pcr3 }] }, 'the file names an operator too'],
    ['text', 'x', 'it is not an object'],
    [
      'a signed image together with --pcr8',
      { Measurements: { ...measured, PCR8: pcr8 } },
      'leave --pcr8 out',
      ['--pcr8', pcr8],
    ],
  ])('refuse this file of measurements, and say why: %s', async (_, value, words, more = []) => {
    await expect(ofFile(value, ...more)).rejects.toThrow(words);
  });

  it.each<[string, unknown, string]>([
    ['text that is not JSON', 'acceptedMeasurements', 'cannot be used: not JSON'],
    ['a list', [], 'the file: '],
    ['no accepted measurement', { acceptedMeasurements: [] }, 'acceptedMeasurements: name at least one'],
    ['no PCR0', { acceptedMeasurements: [{ pcr8: pcr0, pcr3 }] }, 'acceptedMeasurements.0.pcr0: '],
    ['a PCR0 that is too short', { acceptedMeasurements: [{ pcr0: 'ab', pcr3 }] }, 'pcr0: a measurement has 96'],
    ['a PCR of zeros', { acceptedMeasurements: [{ pcr0, pcr3: '00'.repeat(48) }] }, '.pcr3: a measurement of zeros'],
    ['no operator', { acceptedMeasurements: [{ pcr0 }] }, '.pcr3: name the operator by its pcr3'],
    [
      'a PCR3 and the operator "any"',
      { acceptedMeasurements: [{ pcr0, pcr3, operator: 'any' }] },
      '.pcr3: name the operator',
    ],
    ['an operator other than "any"', { acceptedMeasurements: [{ pcr0, operator: '*' }] }, 'can only be "any"'],
    [
      'a publisher without https',
      { operator: { name: 'x', origin: 'http://x.example' }, acceptedMeasurements: [{ pcr0, pcr3 }] },
      'operator.origin',
    ],
    ['a misspelled field', { acceptedMeasurements: [{ pcr0, pcr3 }], custody: ['process'] }, 'custody'],
    [
      'an unknown custody',
      { acceptedMeasurements: [{ pcr0, pcr3 }], acceptedCustody: ['anybody'] },
      'acceptedCustody.0: ',
    ],
  ])('refuse a policy file with %s, and name the field', async (_, value, words) => {
    await expect(parseArguments(['--policy', policy(value)])).rejects.toMatchObject({
      code: 'not_understood',
      message: expect.stringContaining(words) as string,
    });
  });

  it.each([
    ['two files', ['a', 'b', ...image, '--no-nonce'], 'too many arguments'],
    ['an address instead of a file', ['https://example.org', ...image], '--gateway <url>'],
    ['an address with a password instead of a file', ['https://u:geheim@example.org', ...image], '--gateway <url>'],
    [
      'a password in the address',
      ['--gateway', 'https://u:geheim@example.org', ...image],
      'must not have a user name or a password',
    ],
    ['a file and a gateway', ['a', '--gateway', 'https://example.org', ...image, '--no-nonce'], 'not both'],
    ['an unencrypted gateway', ['--gateway', 'http://example.org', ...image], 'https'],
    ['no PCR0', [], '--pcr0 is missing'],
    ['an empty PCR0', ['--pcr0', ''], '96'],
    ['a PCR0 too short', ['--pcr0', pcr0.slice(2)], '96'],
    ['a SHA-256', ['--pcr0', `sha256:${'ab'.repeat(32)}`], '96'],
    ['a list with an empty entry', ['--pcr0', `${pcr0},,${pcr0}`], '96'],
    ['a zero PCR0', ['--pcr0', '00'.repeat(48)], 'zeros'],
    ['no operator', ['--pcr0', pcr0], 'add --pcr3 <hex> (or --operator-role <arn>)'],
    ['--pcr3 and --any-operator', [...image, '--any-operator'], '--any-operator excludes'],
    ['a PCR3 of zeros', ['--pcr0', pcr0, '--pcr3', '00'.repeat(48)], 'a parent without a role'],
    [
      'an instance profile instead of a role',
      ['--pcr0', pcr0, '--operator-role', 'arn:aws:iam::123456789012:instance-profile/Webserver'],
      'not of an instance profile',
    ],
    ['PCR8 in place of PCR0', ['--pcr8', pcr0, '--pcr3', pcr3], '--pcr0 is missing'],
    ['PCR4 in place of PCR0', ['--pcr4', pcr0, '--any-operator'], '--pcr0 is missing'],
    ['a PCR8 too short', [...image, '--pcr8', 'ab'], '--pcr8: a measurement has 96'],
    ['a file of measurements that does not exist', ['--pcr0', './nowhere.json', '--any-operator'], 'cannot be read'],
    ['a file without --nonce or --no-nonce', ['file', ...image], '--no-nonce'],
    ['--nonce and --no-nonce together', ['file', ...image, '--nonce', nonce, '--no-nonce'], 'exclude'],
    ['a nonce that is too short', ['file', ...image, '--nonce', '01'], '16 to 512'],
    ['a nonce with an odd number of digits', ['file', ...image, '--nonce', nonce + '0'], '16 to 512'],
    ['a nonce that is not hexadecimal', ['file', ...image, '--nonce', 'zz'.repeat(16)], '16 to 512'],
    ['a --max-age that is not a number', ['file', ...image, '--no-nonce', '--max-age', '1h'], 'whole number'],
    ['an infinite --max-age', ['file', ...image, '--no-nonce', '--max-age', 'Infinity'], 'whole number'],
    ['a time without an offset', ['file', ...image, '--no-nonce', '--at', '2026-11-22T09:30:00'], 'offset'],
    ['a time that does not exist', ['file', ...image, '--no-nonce', '--at', '2026-13-22T09:30:00Z'], 'ISO'],
    ['an unknown custody', ['file', ...image, '--no-nonce', '--custody', 'nobody'], 'process, or the ARN'],
    ['an option that does not exist', ['file', ...image, '--no-nonce', '--accept-anything'], 'unknown option'],
  ])('reject %s', async (_, argv, words) => {
    await expect(parseArguments(argv)).rejects.toThrow(words);
  });
});
