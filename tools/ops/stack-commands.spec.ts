import { pcr3OfRole } from '@communique-tee/attestation';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { ruleNames } from '@communique-tee/infra-commands';
import { CommandLine } from '@communique-tee/command-line';
import { check, cost, policy, preview } from './stack-commands';

const commands = { preview, check, cost, policy };

async function run(name: keyof typeof commands, args: readonly string[]) {
  let out = '';
  let err = '';
  const streams = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const line = new CommandLine(name, '', streams);
  commands[name](line.program, line, streams);
  return { code: await line.parse(args), out, err };
}

it('preview, check and cost pass their options to infra', async () => {
  const shown = await run('preview', ['--stack', 'dev', '--without-image', '--json', '--config', 'instances=1']);
  expect(JSON.parse(shown.out)).toMatchObject({ stack: 'dev', imageIsMadeUp: true });
  expect(shown.code).toBe(0);
  expect(
    await run('check', ['--stack', 'prod', '--without-image', '--config', 'instanceType=t4g.small']),
  ).toMatchObject({
    code: 1,
  });
  const { code, out } = await run('cost', ['--stack', 'prod', '--savings-rate', '0.09']);
  expect(code).toBe(0);
  expect(out).toContain('It would save 33.58 a month');
});

it.each(['preview', 'check', 'cost'] as const)('%s ends with 2 for wrong arguments', async (name) => {
  for (const args of [['--nonsense'], ['--stack', '../etc'], ['--stack', 'none'], ['--config', 'nothing'], ['prod']])
    expect(await run(name, args)).toMatchObject({ code: 2, out: '' });
  expect((await run(name, ['--stak', 'prod'])).err).toContain('Did you mean --stack?');
});

describe('policy', () => {
  const image = {
    image: 'communique-tee.eif',
    version: '0.1.0',
    architecture: 'arm64',
    stack: 'prod',
    sizeBytes: 1024,
    sha384: 'aa'.repeat(48),
    hashAlgorithm: 'SHA384',
    pcr0: '1'.repeat(96),
    pcr1: '2'.repeat(96),
    pcr2: '3'.repeat(96),
    commit: 'abc',
    custody: 'kms',
    routes: [{ host: 'kms.us-east-1.amazonaws.com', port: 443, vsockPort: 8001 }],
  };
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder('policy-');
    writeFileSync(folder.file('measurements.json'), JSON.stringify(image));
    writeFileSync(folder.file('communique-tee.eif'), Buffer.alloc(1024));
    writeFileSync(folder.file('release.tar.gz'), gzipSync('a release'));
  });
  afterAll(() => folder.remove());
  const built = () => [
    '--config',
    `imageFolder=${folder.path}`,
    '--config',
    `releaseFile=${folder.file('release.tar.gz')}`,
  ];

  it('prints measurements, operator name and origin in the form that clients read', async () => {
    const named = ['--config', 'operatorName=Example Union', '--config', 'domain=communique.example.org'];
    const { code, out, err } = await run('policy', [
      '--stack',
      'prod',
      '--account',
      '111122223333',
      ...built(),
      ...named,
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual({
      operator: { name: 'Example Union', origin: 'https://communique.example.org' },
      acceptedMeasurements: [
        { pcr0: image.pcr0, pcr3: pcr3OfRole('arn:aws:iam::111122223333:role/communique-tee-prod-parent') },
      ],
    });
  });

  it('fails without an account, and without a built image', async () => {
    expect(await run('policy', ['--stack', 'prod'])).toMatchObject({ code: 2, out: '' });
    expect(await run('policy', ['--stack', 'prod', '--account', '1'])).toMatchObject({ code: 2, out: '' });
    const nowhere = ['--config', `imageFolder=${folder.file('nowhere')}`];
    expect(await run('policy', ['--stack', 'prod', '--account', '111122223333', ...nowhere])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('build the image first') as string,
    });
  });
});

it('the help of preview lists keys of the configuration, and the help of check lists every rule', async () => {
  const keys = await run('preview', ['--help', '--nonsense']);
  expect(keys.code).toBe(0);
  for (const key of [
    'instanceType',
    'enclaveCpuCount',
    'enclaveMemoryMiB',
    'database',
    'redis',
    'domain',
    'acceptedPcr0',
  ])
    expect(keys.out).toContain(key);
  const rules = await run('check', ['--help']);
  expect(rules.out).toContain(ruleNames());
  expect(ruleNames().split('\n').length).toBeGreaterThan(10);
});
