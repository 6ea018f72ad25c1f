import { readFileSync, writeFileSync } from 'node:fs';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { CommandLine } from '@communique-tee/command-line';
import { readVerifyArguments, verifyArguments, type VerifyArguments, type VerifyOptions } from './arguments';

/** As the command reads them. */
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

  it('have defaults: a fresh nonce from a gateway, five minutes, now, the AWS root', async () => {
    expect(await parseArguments(['--gateway', 'https://example.org', '--pcr0', pcr0])).toEqual({
      source: new URL('https://example.org'),
      trust: { measurements: [{ pcr0 }], custody: undefined, maxAgeMs: 300_000, developmentRootPem: undefined },
      nonce: 'fresh',
      at: undefined,
    });
  });

  it('take the gateway from --gateway, else from COMMUNIQUE_GATEWAY, else on this machine', async () => {
    const environment = { COMMUNIQUE_GATEWAY: 'https://elsewhere.example' };
    const sourceOf = async (...argv: Parameters<typeof parseArguments>) =>
      String((await parseArguments(...argv))?.source);
    expect(await sourceOf(['--gateway', 'https://example.org', '--pcr0', pcr0], environment)).toBe(
      'https://example.org/',
    );
    expect(await sourceOf(['--pcr0', pcr0], environment)).toBe('https://elsewhere.example/');
    expect(await sourceOf(['--pcr0', pcr0])).toBe('http://127.0.0.1:3001/');
    expect(await sourceOf(['file', '--no-nonce', '--pcr0', pcr0], environment)).toBe('file');
  });

  it('are all understood', async () => {
    const argv = [
      'file',
      '--pcr0',
      `${pcr0}, sha384:${pcr0.toUpperCase()}`,
      '--pcr0',
      `0x${pcr0}`,
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
        measurements: [{ pcr0 }, { pcr0 }, { pcr0 }],
        custody: ['process', 'arn:aws:kms:us-east-1:1:alias/a'],
        maxAgeMs: 60_000,
        developmentRootPem: readFileSync(__filename, 'utf8'),
      },
      nonce: new Uint8Array(16).fill(1),
      at: new Date('2026-11-22T08:30:00Z'),
    });
    expect(await parseArguments(['file', '--pcr0', pcr0, '--no-nonce'])).toMatchObject({ nonce: 'none' });
  });

  it('take a policy file instead of the options, with a root beside it', async () => {
    writeFileSync(folder.file('root.pem'), 'PEM');
    const file = policy({
      acceptedMeasurements: [{ pcr0: `sha384:${pcr0}`, pcr3: 'CD'.repeat(48) }, { pcr0: 'ef'.repeat(48) }],
      acceptedCustody: ['process'],
      maxAgeSeconds: 60,
      developmentRoot: 'root.pem',
    });
    expect((await parseArguments(['--policy', file]))?.trust).toEqual({
      measurements: [{ pcr0, pcr3: 'cd'.repeat(48) }, { pcr0: 'ef'.repeat(48) }],
      custody: ['process'],
      maxAgeMs: 60_000,
      developmentRootPem: 'PEM',
    });
    expect((await parseArguments(['--policy', policy({ acceptedMeasurements: [{ pcr0 }] })]))?.trust).toEqual({
      measurements: [{ pcr0 }],
      custody: undefined,
      maxAgeMs: 300_000,
      developmentRootPem: undefined,
    });
    for (const option of [
      ['--pcr0', pcr0],
      ['--custody', 'process'],
      ['--max-age', '1'],
      ['--development-root', __filename],
    ])
      await expect(parseArguments(['--policy', file, ...option])).rejects.toThrow('cannot be used with');
  });

  it.each<[string, unknown, string]>([
    ['no JSON', 'acceptedMeasurements', 'cannot be used: not JSON'],
    ['a list', [], 'the file: '],
    ['nothing accepted', { acceptedMeasurements: [] }, 'acceptedMeasurements: name at least one'],
    ['no PCR0', { acceptedMeasurements: [{ pcr8: pcr0 }] }, 'acceptedMeasurements.0.pcr0: '],
    ['a PCR0 that is too short', { acceptedMeasurements: [{ pcr0: 'ab' }] }, 'pcr0: a measurement has 96'],
    ['a PCR of zeros', { acceptedMeasurements: [{ pcr0, pcr3: '00'.repeat(48) }] }, '.pcr3: a measurement of zeros'],
    ['a misspelt field', { acceptedMeasurements: [{ pcr0 }], custody: ['process'] }, 'custody'],
    ['an unknown custody', { acceptedMeasurements: [{ pcr0 }], acceptedCustody: ['anybody'] }, 'acceptedCustody.0: '],
  ])('refuse a policy file with %s, and name the field', async (_, value, words) => {
    await expect(parseArguments(['--policy', policy(value)])).rejects.toMatchObject({
      code: 'not_understood',
      message: expect.stringContaining(words) as string,
    });
  });

  it.each([
    ['two files', ['a', 'b', '--pcr0', pcr0, '--no-nonce'], 'too many arguments'],
    ['an address for a file', ['https://example.org', '--pcr0', pcr0], '--gateway <url>'],
    ['an address with a password for a file', ['https://u:geheim@example.org', '--pcr0', pcr0], '--gateway <url>'],
    [
      'a password in the address',
      ['--gateway', 'https://u:geheim@example.org', '--pcr0', pcr0],
      'must not have a user name or a password',
    ],
    ['a file and a gateway', ['a', '--gateway', 'https://example.org', '--pcr0', pcr0, '--no-nonce'], 'not both'],
    ['an unencrypted gateway', ['--gateway', 'http://example.org', '--pcr0', pcr0], 'https'],
    ['no PCR0', [], '--pcr0 is missing'],
    ['an empty PCR0', ['--pcr0', ''], '96'],
    ['a PCR0 too short', ['--pcr0', pcr0.slice(2)], '96'],
    ['a SHA-256', ['--pcr0', `sha256:${'ab'.repeat(32)}`], '96'],
    ['a list with a hole', ['--pcr0', `${pcr0},,${pcr0}`], '96'],
    ['a zero PCR0', ['--pcr0', '00'.repeat(48)], 'zeros'],
    ['a file without a word on the nonce', ['file', '--pcr0', pcr0], '--no-nonce'],
    ['both words on the nonce', ['file', '--pcr0', pcr0, '--nonce', nonce, '--no-nonce'], 'exclude'],
    ['a nonce that can be guessed', ['file', '--pcr0', pcr0, '--nonce', '01'], '16 to 512'],
    ['a nonce of half a byte too much', ['file', '--pcr0', pcr0, '--nonce', nonce + '0'], '16 to 512'],
    ['a nonce that is no hexadecimal number', ['file', '--pcr0', pcr0, '--nonce', 'zz'.repeat(16)], '16 to 512'],
    ['an age that is no number', ['file', '--pcr0', pcr0, '--no-nonce', '--max-age', '1h'], 'whole number'],
    ['an endless age', ['file', '--pcr0', pcr0, '--no-nonce', '--max-age', 'Infinity'], 'whole number'],
    ['a time without an offset', ['file', '--pcr0', pcr0, '--no-nonce', '--at', '2026-11-22T09:30:00'], 'offset'],
    ['a time that does not exist', ['file', '--pcr0', pcr0, '--no-nonce', '--at', '2026-13-22T09:30:00Z'], 'ISO'],
    ['an unknown custody', ['file', '--pcr0', pcr0, '--no-nonce', '--custody', 'nobody'], 'process, or the ARN'],
    ['an option that does not exist', ['file', '--pcr0', pcr0, '--no-nonce', '--accept-anything'], 'unknown option'],
  ])('reject %s', async (_, argv, words) => {
    await expect(parseArguments(argv)).rejects.toThrow(words);
  });
});
