import { createHash } from 'node:crypto';
import { lines, look, programs, realPreview, STACK_FILE } from '../testing/look';
import type { Ports, ProgramEnd } from '../ports';
import { shellPath } from './shell-path';

type RunProgram = Ports['runProgram'];
const ending = (command: string, end: Partial<ProgramEnd>): Partial<Ports> => ({
  runProgram: (asked, args) =>
    asked === command ? Promise.resolve({ code: 0, stdout: '', stderr: '', ...end }) : programs(asked, args),
});
const said = async (name: string, ports: Partial<Ports> = {}, files: Record<string, string> = {}) =>
  lines(await look(name, { ports, files }));

it.each([
  ['24.0.0', 'pass: 24.0.0'],
  ['25.1.0', 'pass: 25.1.0'],
  ['22.21.0', 'fail: 22.21.0, and 24 is needed'],
])('node: judges version %s', async (nodeVersion, line) => {
  expect(await said('node', { nodeVersion })).toEqual([line, 'pass: Pulumi would run on Node 24.21.0 from PATH']);
});

describe('node, on the PATH from which Pulumi takes it', () => {
  const OURS = 'export PATH="$PWD/node_modules/.bin:$PATH"';
  const pulumis = { 'node_modules/@pulumi/pulumi/package.json': '{"engines": {"node": ">=22"}}' };
  it.each<[string, Partial<ProgramEnd>, string, string | undefined]>([
    [
      'too old for Pulumi',
      { stdout: 'v20.20.2\n' },
      'fail: Pulumi would run on Node 20.20.2 from PATH, and it needs 22',
      OURS,
    ],
    [
      'older than the program is tested with',
      { stdout: 'v22.21.0\n' },
      'warn: Pulumi would run on Node 22.21.0 from PATH; the program is tested with 24',
      OURS,
    ],
    ['new enough', { stdout: 'v25.0.0\n' }, 'pass: Pulumi would run on Node 25.0.0 from PATH', undefined],
    ['absent', { code: undefined }, 'fail: Pulumi finds no node on PATH', OURS],
  ])('judges a Node that is %s', async (_name, end, line, command) => {
    const [, found] = await look('node', { ports: ending('node', end), files: pulumis });
    expect([`${found?.status ?? ''}: ${found?.found ?? ''}`, found?.command]).toEqual([line, command]);
  });

  it('searches the PATH of the shell, without the folders that npm run adds', async () => {
    let path: string | undefined;
    await look('node', {
      ports: {
        env: {
          PATH: '/w/node_modules/.bin:/node_modules/.bin:/npm/run-script/lib/node-gyp-bin:/home/ada/bin:/usr/bin',
        },
        runProgram: (command, args, { env }) => {
          if (command === 'node') path = env?.['PATH'];
          return programs(command, args);
        },
      },
    });
    expect(path).toBe('/home/ada/bin:/usr/bin');
  });

  it.each([
    ['/usr/bin:/bin', '/usr/bin:/bin'],
    ['/w/node_modules/.bin:/usr/bin', '/w/node_modules/.bin:/usr/bin'],
    [
      '/w/node_modules/.bin:/npm/node-gyp-bin:/w/node_modules/.bin:/npm/node-gyp-bin:/w/node_modules/.bin:/usr/bin',
      '/w/node_modules/.bin:/usr/bin',
    ],
    ['', ''],
  ])('shellPath returns the shell’s part of %s', (path, shell) => {
    expect(shellPath(path)).toBe(shell);
  });
});

it.each<[string, Partial<ProgramEnd>, string]>([
  ['pulumi', {}, 'warn: pulumi does not print its version'],
  ['pulumi', { stdout: 'v3.210.0\n' }, 'pass: 3.210.0'],
  ['pulumi', { stdout: 'v2.25.2\n' }, 'fail: 2.25.2, and 3 is needed'],
  ['pulumi', { code: 1, stdout: 'v3.210.0\n' }, 'pass: 3.210.0'],
  ['pulumi', { code: undefined }, 'fail: pulumi does not run'],
  ['pulumi', { code: 127 }, 'fail: pulumi does not run'],
])('%s: judges a program that ends with %j', async (command, end, line) => {
  expect(await said('pulumi', ending(command, end))).toEqual([line]);
});

it.each<[Partial<ProgramEnd>, RegExp]>([
  [{ stdout: 'aws-cli/2.31.4 Python/3.13.7' }, /^pass: 2\.31\.4$/],
  [{ stdout: 'aws-cli/1.45.11 Python/3.11.7' }, /^warn: 1\.45\.11/],
  [{ code: undefined }, /^warn: the AWS CLI does not run/],
])('aws-cli: judges a program that ends with %j', async (end, words) => {
  expect(await said('aws-cli', ending('aws', end))).toEqual([expect.stringMatching(words)]);
});

it.each<[Partial<ProgramEnd>, RegExp]>([
  [{ stdout: ' M a\n?? b\n' }, /^warn: 2 file\(s\) differ/],
  [{ code: 128 }, /^warn: git cannot tell/],
])('git: judges a program that ends with %j', async (end, words) => {
  expect(await said('git', ending('git', end))).toEqual([expect.stringMatching(words)]);
});
it('git: passes for a clean checkout', async () => {
  expect(await said('git')).toEqual(['pass: clean at 0123456789abcdef0123456789abcdef01234567']);
});

describe('image and release', () => {
  /** A preview that reports these problems, and reports none with `--without-image`. */
  const refusing = (...problems: string[]): Partial<Ports> => ({
    runProgram: async (command, args) =>
      command === process.execPath && !args.includes('--without-image')
        ? { code: 1, stdout: '', stderr: `Cannot work\n${problems.map((problem) => `  - ${problem}\n`).join('')}` }
        : programs(command, args),
  });
  const missing =
    'imageFolder: there is no dist/image/prod-arm64/measurements.json; build the image first: npm run image -- build --stack prod --arch arm64';
  const noRelease =
    'releaseFile: there is no dist/release/communique-tee-arm64.tar.gz; build the release first: npm run ops -- release --arch arm64';

  it('fail if they are not built, and name the command that builds each', async () => {
    expect(await look('image', { ports: refusing(missing, noRelease) })).toMatchObject([
      {
        status: 'fail',
        found: 'imageFolder: there is no dist/image/prod-arm64/measurements.json',
        command: 'npm run image -- build --stack prod --arch arm64',
      },
    ]);
    expect(await look('release', { ports: refusing(missing, noRelease) })).toMatchObject([
      {
        status: 'fail',
        found: 'releaseFile: there is no dist/release/communique-tee-arm64.tar.gz',
        command: 'npm run ops -- release --arch arm64',
      },
    ]);
  });
  it('report infra’s rule about the enclave’s memory', async () => {
    expect(
      await said(
        'image',
        refusing(
          'enclaveMemoryMiB 128: less than 4 times the image of 50.0 MiB, which nitro-cli refuses; take 200 or more',
        ),
      ),
    ).toEqual([expect.stringMatching(/^fail: enclaveMemoryMiB 128: .*take 200 or more$/)]);
  });
  it('pass independently of each other', async () => {
    expect(await said('image', refusing(noRelease))).toEqual([expect.stringMatching(/^pass/)]);
    expect(await said('release', refusing(missing))).toEqual(['pass: there']);
  });

  it('warn if residence is on and the release has no reference string', async () => {
    const files = { 'Pulumi.prod.yaml': `${STACK_FILE}  communique-tee:residence: optional\n` };
    const command = 'npm run ops -- release --arch arm64 --reference-string';
    const holding: RunProgram = async (asked, args) => {
      const end = await programs(asked, args);
      if (asked !== process.execPath) return end;
      const preview = JSON.parse(end.stdout) as { outputs: { release: object } };
      preview.outputs.release = { ...preview.outputs.release, referenceString: true };
      return { ...end, stdout: JSON.stringify(preview) };
    };
    expect(await said('release')).toEqual(['pass: there']);
    expect(await look('release', { files })).toMatchObject([
      { status: 'warn', found: expect.stringMatching(/people could not prove it in the page$/) as string, command },
    ]);
    expect(await said('release', { runProgram: holding }, files)).toEqual(['pass: there']);
    expect(await look('release', { ports: refusing(noRelease), files })).toMatchObject([{ status: 'fail', command }]);
  });

  const configuration = '{"stack": "prod"}';
  const built =
    (commit: string): RunProgram =>
    async (command, args) => {
      if (command !== process.execPath) return programs(command, args);
      const preview = JSON.parse(await realPreview()) as { outputs: { image: object } };
      return {
        code: 0,
        stderr: '',
        stdout: JSON.stringify({
          ...preview,
          outputs: { ...preview.outputs, image: { ...preview.outputs.image, commit } },
        }),
      };
    };
  const filesFor = (text: string) => ({
    'apps/enclave/config/prod.json': text,
    'dist/image/prod-arm64/measurements.json': JSON.stringify({
      configurationSha256: createHash('sha256').update(configuration).digest('hex'),
    }),
  });
  const HEAD = '0123456789abcdef0123456789abcdef01234567';

  it('pass if the image was built from this configuration and commit', async () => {
    expect(await said('image', { runProgram: built(HEAD) }, filesFor(configuration))).toEqual([
      expect.stringMatching(/^pass: version .*, PCR0 0f0f0f0f0f0f0f0f\.\.\.$/),
    ]);
  });
  it('warn if the configuration or the commit has changed since the build', async () => {
    expect(await said('image', { runProgram: built(HEAD) }, filesFor(`${configuration} `))).toContainEqual(
      expect.stringMatching(/^warn: apps\/enclave\/config\/prod\.json has changed/),
    );
    expect(await said('image', { runProgram: built('f'.repeat(40)) }, filesFor(configuration))).toContainEqual(
      expect.stringMatching(/^warn: the image was not built from exactly/),
    );
  });
  it('look for the image in the configured imageFolder', async () => {
    const files = Object.fromEntries(
      Object.entries(filesFor('other')).map(([path, text]) => [
        path.replace('dist/image/prod-arm64', 'elsewhere'),
        text,
      ]),
    );
    expect(
      await said(
        'image',
        { runProgram: built(HEAD) },
        { ...files, 'Pulumi.prod.yaml': `${STACK_FILE}  communique-tee:imageFolder: elsewhere\n` },
      ),
    ).toHaveLength(2);
  });
});
