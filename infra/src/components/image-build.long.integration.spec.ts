import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import type { PolicyDocument } from '@communique-tee/key-policies';
import type { asset } from '@pulumi/pulumi';
import { load } from 'js-yaml';
import * as z from 'zod';
import { runProgram } from '../preview/run-program';
import { stackConfig } from '../preview/stack-config';
import { notBuilt } from '../config/stand-ins';

/*
 * Runs the commands that the Pulumi program gives to CodeBuild, in a fresh clone of the commit. No real image is built: `aws`, `docker`
 * and `npm` are stand-ins. Shell, git and sha256sum are real.
 */
const root = workspaceRoot();
const git = (...args: string[]): string => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();
const COMMIT = git('rev-parse', 'HEAD');
const MIRROR = 'https://snapshot.example.org/debian/20261122T000000Z';
const SECURITY_MIRROR = 'https://snapshot.example.org/debian-security/20261122T000000Z';

const projectSchema = z.object({
  environment: z.object({
    type: z.string(),
    image: z.string(),
    privilegedMode: z.boolean(),
    environmentVariables: z.array(z.object({ name: z.string(), value: z.string() })),
  }),
  source: z.object({ type: z.string(), location: z.string(), gitCloneDepth: z.literal(0), buildspec: z.string() }),
});
const commands = z.object({ commands: z.array(z.string()).min(1) });
const buildspecSchema = z.object({
  version: z.literal(0.2),
  phases: z.object({
    install: commands.extend({ 'runtime-versions': z.object({ nodejs: z.int() }) }),
    build: commands,
    post_build: commands,
  }),
});

interface Rendered {
  readonly project: z.infer<typeof projectSchema>;
  readonly phases: z.infer<typeof buildspecSchema>['phases'];
  readonly variables: Readonly<Record<string, string>>;
  /** The files that `pulumi up` puts into the store, by key. */
  readonly stored: Readonly<Record<string, string>>;
  readonly policy: PolicyDocument;
}

let folder: TemporaryFolder;
/** A configuration with white space that no formatter writes, to show that the build keeps every byte. */
const configuration = `${readFileSync(join(root, 'apps/enclave/config/example.json'), 'utf8')}\n \t\n`;
beforeAll(async () => {
  folder = await temporaryFolder('image-build-');
  const file = folder.file('checkout/apps/enclave/config/staging.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, configuration);
});
afterAll(() => folder.remove());

async function render(...changes: string[]): Promise<Rendered> {
  const { values } = stackConfig(root, 'staging', [
    'imageBuild=true',
    'imageBuildRepository=https://github.com/example/communique-tee',
    `imageBuildCommit=${COMMIT}`,
    `imageBuildDebianMirror=${MIRROR},${SECURITY_MIRROR}`,
    ...changes,
  ]);
  const { resources } = await runProgram('staging', values, { root: folder.file('checkout'), standIn: notBuilt });
  const only = (type: string, of: string) =>
    resources.find((each) => each.type === type && each.name.includes(of))?.inputs;
  const project = projectSchema.parse(only('aws:codebuild/project:Project', 'image-build'));
  const object = only('aws:s3/bucketObjectv2:BucketObjectv2', 'image-build');
  return {
    project,
    phases: buildspecSchema.parse(load(project.source.buildspec)).phases,
    variables: Object.fromEntries(project.environment.environmentVariables.map(({ name, value }) => [name, value])),
    stored: { [String(object?.['key'])]: await (object?.['source'] as asset.FileAsset).path },
    policy: JSON.parse(String(only('aws:iam/rolePolicy:RolePolicy', 'image-build')?.['policy'])) as PolicyDocument,
  };
}

/** An `aws s3api` on a folder, an `npm` that links packages and writes the files of a build, and a `docker` that must not be called. */
const STAND_INS = {
  aws: `#!/bin/sh
echo "aws $*" >>"$LOG"
action=$2; shift 2
while [ $# -gt 0 ]; do
  case $1 in
    --key) key=$2; shift 2 ;;
    --body) body=$2; shift 2 ;;
    --bucket | --server-side-encryption) shift 2 ;;
    *) out=$1; shift ;;
  esac
done
case $action in
  get-object) cp "$STORE/$key" "$out" || exit 254 ;;
  put-object) [ "\${FAIL_PUT-}" != "\${key##*/}" ] && mkdir -p "$(dirname "$STORE/$key")" && cp "$body" "$STORE/$key" || exit 254 ;;
  *) exit 252 ;;
esac`,
  docker: `#!/bin/sh
echo "docker $*" >>"$LOG"; exit 1`,
  npm: `#!/bin/sh
echo "npm $*" >>"$LOG"
case "$1 $2" in
  'ci ') [ -f package-lock.json ] ;;
  'run image')
    shift 3
    while [ $# -gt 0 ]; do case $1 in --stack) stack=$2 ;; --arch) arch=$2 ;; --out) out=$2 ;; esac; shift; done
    mkdir -p "$out"
    printf 'image for %s\n' "$arch" | cat - "apps/enclave/config/$stack.json" >"$out/communique-tee.eif"
    printf '{"commit":"%s"}' "$(git rev-parse HEAD)" >"$out/measurements.json"
    echo '{}' >"$out/sbom.cdx.json" ;;
  *) exit 1 ;;
esac`,
};

interface Ran {
  readonly failedPhase: string | null;
  readonly output: string;
  readonly log: readonly string[];
  /** The content of each published file, by the end of its key. */
  readonly published: Readonly<Record<string, string>>;
  readonly clone: string;
}

let runs = 0;

/** Runs a build as CodeBuild does (buildspec 0.2): in one shell; a phase ends at its first failing command; post_build follows build. */
async function runBuild(
  { phases, variables, stored }: Rendered,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const place = folder.file(`run-${String(runs++)}`);
  const [bin, store, clone, log] = ['bin', 'store', 'source', 'log'].map((name) => join(place, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries(STAND_INS)) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  for (const [key, file] of Object.entries(stored)) {
    mkdirSync(dirname(join(store, key)), { recursive: true });
    cpSync(file, join(store, key));
  }
  writeFileSync(log, '');
  expect(spawnSync('git', ['clone', '--quiet', root, clone]).status).toBe(0);
  expect(existsSync(join(clone, 'apps/enclave/config/staging.json'))).toBe(false);

  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const phase = (name: keyof typeof phases) =>
    phases[name].commands.map((command) => `eval ${quoted(command)}`).join(' && ');
  const script = [
    `{ ${phase('install')}; } || { echo 'FAILED install'; exit 1; }`,
    'export CODEBUILD_BUILD_SUCCEEDING=1',
    `{ ${phase('build')}; } || { echo 'FAILED build'; CODEBUILD_BUILD_SUCCEEDING=0; }`,
    `{ ${phase('post_build')}; } || echo 'FAILED post_build'`,
  ].join('\n');
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script], {
    cwd: clone,
    encoding: 'utf8',
    env: {
      ...variables,
      ...environment,
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: place,
      CODEBUILD_SRC_DIR: clone,
      STORE: store,
      LOG: log,
    },
  });
  const published = existsSync(join(store, 'builds'))
    ? readdirSync(join(store, 'builds'), { recursive: true, withFileTypes: true })
    : [];
  return {
    failedPhase: /^FAILED (\w+)$/m.exec(stdout)?.[1] ?? null,
    output: stdout + stderr,
    log: readFileSync(log, 'utf8').trimEnd().split('\n'),
    published: Object.fromEntries(
      published
        .filter((entry) => entry.isFile())
        .map((entry) => [
          join(entry.parentPath, entry.name).slice(join(store, 'builds').length + 1),
          readFileSync(join(entry.parentPath, entry.name), 'utf8'),
        ]),
    ),
    clone,
  };
}

describe.each([
  ['arm64', 'c6g.xlarge'],
  ['x86_64', 'c6i.xlarge'],
])('the build for %s', (architecture, instanceType) => {
  let rendered: Rendered;
  beforeAll(async () => {
    rendered = await render(`instanceType=${instanceType}`, 'enclaveCpuCount=2');
  });

  it('runs on x86-64 with Ubuntu in privileged mode, and gets Debian’s mirrors as variables', () => {
    const { environment } = rendered.project;
    expect(environment).toMatchObject({
      type: 'LINUX_CONTAINER',
      image: expect.stringMatching(/^aws\/codebuild\/standard:\d+\.0$/) as unknown,
      privilegedMode: true,
    });
    expect(rendered.variables).toMatchObject({
      COMMUNIQUE_DEBIAN_MIRROR: MIRROR,
      COMMUNIQUE_DEBIAN_SECURITY_MIRROR: SECURITY_MIRROR,
    });
  });

  it('builds the commit with the stack’s configuration, which is not in git, and publishes the image', async () => {
    const { failedPhase, output, log, published, clone } = await runBuild(rendered);
    expect({ failedPhase, output }).toMatchObject({ failedPhase: null });
    const prefix = `${COMMIT}/staging-${architecture}`;
    expect(published).toEqual({
      [`${prefix}/communique-tee.eif`]: `image for ${architecture}\n${configuration}`,
      [`${prefix}/measurements.json`]: JSON.stringify({ commit: COMMIT }),
      [`${prefix}/sbom.cdx.json`]: '{}\n',
    });
    expect(log.filter((line) => line.startsWith('npm'))).toEqual([
      'npm ci',
      `npm run image -- build --stack staging --arch ${architecture} --out out`,
    ]);
    // No digest of Node's image is committed, so the gateway's container is not built.
    expect(output).toContain('NOT BUILT: the container of the gateway');
    // The clone stays unchanged: no other person could rebuild an image whose commit ends with "+changes".
    expect(spawnSync('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: clone }).stdout.toString()).toBe(
      '',
    );
  });
});

describe('a build', () => {
  let rendered: Rendered;
  beforeAll(async () => {
    rendered = await render();
  });

  it('stops before it builds the image if the stored configuration differs from that of pulumi up', async () => {
    const other = folder.file('other.json');
    writeFileSync(other, configuration.replace('example', 'another'));
    const [key = ''] = Object.keys(rendered.stored);
    const { failedPhase, log, published } = await runBuild({ ...rendered, stored: { [key]: other } });
    expect({ failedPhase, published }).toEqual({ failedPhase: 'build', published: {} });
    expect(log.some((line) => line.startsWith('npm run image'))).toBe(false);
  });

  it('stops if the store has no configuration', async () => {
    expect(await runBuild({ ...rendered, stored: {} })).toMatchObject({ failedPhase: 'build', published: {} });
  });

  it('fails if the image cannot be published, and then publishes no measurements', async () => {
    const { failedPhase, published } = await runBuild(rendered, { FAIL_PUT: 'communique-tee.eif' });
    expect({ failedPhase, published }).toEqual({ failedPhase: 'build', published: {} });
  });

  it('may read and write only those keys of the store that it uses', async () => {
    const { log } = await runBuild(rendered);
    const keyOf = (line: string) => /--key (\S+)/.exec(line)?.[1] ?? '';
    const resources = (action: string) =>
      rendered.policy.Statement.filter(({ Action }) => [Action].flat().includes(action)).flatMap(
        ({ Resource }) => Resource ?? [],
      );
    const [read = '', ...reads] = resources('s3:GetObject');
    const [write = '', ...writes] = resources('s3:PutObject');
    expect({ reads, writes }).toEqual({ reads: [], writes: [] });
    for (const line of log.filter((each) => each.includes('get-object')))
      expect(read.endsWith(`/${keyOf(line)}`)).toBe(true);
    for (const line of log.filter((each) => each.includes('put-object')))
      expect(keyOf(line).startsWith(write.replace(/^.*:::[^/]+\/|\*$/g, ''))).toBe(true);
  });
});
