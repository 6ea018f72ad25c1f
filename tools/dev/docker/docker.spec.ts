import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { YAML11_SCHEMA, load } from 'js-yaml';
import * as z from 'zod';
import { OWN_PREFIXES, parseEnvironment, VARIABLES } from '@communique-tee/gateway-environment';
import { parseEgressSettings } from '@communique-tee/parent/egress/egress-settings';
import { environmentOf, last, parseDockerfile } from './dockerfile';
import { copied } from './run-stages';

const root = workspaceRoot();
const folder = join(root, 'docker');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const dockerfiles = readdirSync(folder).filter((name) => name.startsWith('Dockerfile.'));

/** Variables that are not for our own programs. */
const NOT_OURS = new Set(['PATH', 'HOME']);
const isKnown = (name: string) => name in VARIABLES || NOT_OURS.has(name);

/** Whether an image has a tag with at least a major version. A digest may follow. */
const pinned = (image: string) => /^[a-z0-9./-]+:[0-9][a-z0-9.-]*(@sha256:[0-9a-f]{64})?$/.test(image);

const parseEnvFile = (text: string) =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );

describe.each(dockerfiles)('%s', (name) => {
  const { args, stages } = parseDockerfile(read(name));

  it('copies only files that the repository has and .dockerignore does not exclude, or files of an earlier stage', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('*'));
    for (const [index, { instructions }] of stages.entries()) {
      for (const instruction of instructions.filter((each) => each.name === 'COPY')) {
        const { from } = instruction.flags as { from?: string };
        if (from !== undefined) expect(stages.slice(0, index).map((stage) => stage.name)).toContain(from);
        else
          for (const source of copied(instruction).sources) {
            expect({ source, exists: existsSync(join(root, source)) }).toEqual({ source, exists: true });
            expect(ignored.filter((entry) => source === entry || source.startsWith(`${entry}/`))).toEqual([]);
          }
      }
    }
  });

  it('installs packages only if .npmrc, which turns install scripts off, is beside them', () => {
    for (const { instructions } of stages) {
      const before: string[] = [];
      for (const instruction of instructions) {
        if (instruction.name === 'COPY') before.push(...copied(instruction).sources);
        if (instruction.name === 'RUN' && /\bnpm (ci|i|install|exec|rebuild)\b|\bnpx\b/.test(instruction.value))
          expect(before).toContain('.npmrc');
      }
    }
  });

  it('starts from base images whose tag names a version', () => {
    for (const { from } of stages) {
      const image = from.replace(/^\$\{(\w+)\}$/, (_, arg: string) => args[arg] ?? '');
      if (image !== 'scratch') expect({ image, pinned: pinned(image) }).toEqual({ image, pinned: true });
    }
  });

  it('runs every final stage as a user other than root', () => {
    for (const stage of stages.filter((each) => each.name !== 'build')) {
      const [user = 'root', group = 'root'] = (last(stage, 'USER')?.value ?? '').split(':');
      expect(Number(user)).toBeGreaterThan(0);
      expect(Number(group)).toBeGreaterThan(0);
      const names = stage.instructions.map((each) => each.name);
      expect(names.slice(names.lastIndexOf('USER'))).not.toContain('RUN');
    }
  });

  it('sets only variables that are known', () => {
    for (const stage of stages) expect(Object.keys(environmentOf(stage)).filter((each) => !isKnown(each))).toEqual([]);
  });

  it('starts programs without a shell, which would not pass on signals', () => {
    for (const stage of stages.filter((each) => each.name !== 'build'))
      expect(last(stage, 'CMD')?.value).toMatch(/^\["/);
  });
});

const serviceSchema = z.looseObject({
  image: z.string(),
  user: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  build: z
    .object({
      context: z.literal('..'),
      dockerfile: z.string(),
      target: z.string().optional(),
      args: z.record(z.string(), z.string()),
    })
    .optional(),
  env_file: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.string()).optional(),
  networks: z.array(z.string()).optional(),
  network_mode: z.string().optional(),
  volumes: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  depends_on: z
    .record(z.string(), z.object({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }))
    .optional(),
  healthcheck: z
    .object({ test: z.array(z.string()) })
    .loose()
    .optional(),
});
const composeSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.record(z.string(), z.unknown()),
});

describe('compose.yaml', () => {
  const text = read('compose.yaml');
  const { services, networks, volumes } = composeSchema.parse(load(text, { schema: YAML11_SCHEMA }));
  const each = Object.entries(services);
  /** Replaces `${NAME:-default}` by its default, as Compose does if NAME is not set. */
  const filled = (value: string) => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

  it('has dependencies only on services that exist, are in the same profile, and can meet the condition', () => {
    for (const [name, { depends_on = {}, profiles, network_mode = '' }] of each) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(services[other]).toBeDefined();
        if (services[other]?.profiles !== undefined)
          expect({ name, profiles: services[other].profiles }).toEqual({ name, profiles });
        if (condition === 'service_healthy') expect(services[other]?.healthcheck).toBeDefined();
      }
      if (network_mode.startsWith('service:'))
        expect(Object.keys(depends_on)).toContain(network_mode.slice('service:'.length));
    }
  });

  it('publishes ports only on loopback, and each port once in a profile', () => {
    const published = each.flatMap(([, { ports = [], profiles }]) =>
      ports.map((port) => `${String(profiles)} ${port}`),
    );
    expect(published).toHaveLength(2);
    for (const port of published) expect(port).toMatch(/^(parent|development) 127\.0\.0\.1:/);
    expect(new Set(published).size).toBe(published.length);
  });

  it('names only networks, volumes, files, stages and images that exist', () => {
    for (const [, { build, image, networks: used = [], volumes: mounts = [], env_file = [], security_opt }] of each) {
      for (const network of used) expect(networks).toHaveProperty(network);
      for (const [source = ''] of mounts.map((mount) => mount.split(':')))
        if (!source.startsWith('.')) expect(volumes).toHaveProperty(source);
      for (const file of env_file) expect(file).toMatch(/^env\/(postgres|database|gateway)\.env$/);
      for (const option of security_opt)
        if (option.startsWith('seccomp=')) expect(existsSync(join(folder, option.slice('seccomp='.length)))).toBe(true);
      if (build !== undefined) {
        const { args, stages } = parseDockerfile(readFileSync(join(root, build.dockerfile), 'utf8'));
        if (build.target !== undefined) expect(stages.map((stage) => stage.name)).toContain(build.target);
        for (const [arg, value] of Object.entries(build.args)) expect(filled(value)).toBe(args[arg]);
      } else if (!image.startsWith('communique-tee/'))
        expect({ image, pinned: pinned(filled(image)) }).toEqual({ image, pinned: true });
      else expect(each.some(([, other]) => other.image === image && other.build !== undefined)).toBe(true);
    }
  });

  it('drops all capabilities of every container, and runs none as root', () => {
    for (const [name, { cap_drop, security_opt, user, build, image }] of each) {
      expect({ name, cap_drop }).toEqual({ name, cap_drop: ['ALL'] });
      expect(security_opt).toContain('no-new-privileges:true');
      if (build === undefined && !image.startsWith('communique-tee/')) expect(user).toMatch(/^(postgres|redis)$/);
    }
  });

  it('lets only the containers of the parent open vsock sockets', () => {
    const open = each
      .filter(([, { security_opt }]) => security_opt.some((option) => option.startsWith('seccomp=')))
      .map(([name]) => name);
    expect(open).toEqual(['gateway', 'egress-proxy', 'log-collector']);
  });

  it('contains no secret', () => {
    expect(text).not.toMatch(/PASSWORD=|PASSWORD: |:\/\/[^/\s"]+:[^/\s"]+@/);
  });

  it('sets Redis to refuse writes rather than evict keys', () => {
    const { command = [] } = services['redis'] ?? {};
    expect(command[command.indexOf('--maxmemory-policy') + 1]).toBe('noeviction');
  });

  it("gives the parent's gateway an environment that production accepts once the operator adds the expected code and operator", () => {
    const image = parseDockerfile(read('Dockerfile.gateway')).stages.find(({ name }) => name === 'gateway');
    if (image === undefined) throw new Error('no stage gateway');
    const example = parseEnvFile(read('env/gateway.example.env'));
    expect(Object.keys(example).filter((name) => !isKnown(name))).toEqual([]);
    const environment = {
      ...environmentOf(image),
      DATABASE_URL: 'postgresql://communique:x@postgres:5432/communique',
      ...example,
      ...services['gateway']?.environment,
    };
    expect(parseEnvironment(environment)).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^TEE_EXPECTED_CODE_HASH: /), expect.stringMatching(/^TEE_EXPECTED_OPERATOR: /)],
    });
    const trusted = {
      TEE_EXPECTED_CODE_HASH: `sha384:${'ab'.repeat(48)}`,
      TEE_EXPECTED_OPERATOR: 'arn:aws:iam::111122223333:role/parent',
    };
    expect(parseEnvironment({ ...environment, ...trusted })).toMatchObject({
      ok: true,
    });
  });

  it('gives the development gateway an environment that only development accepts', () => {
    const environment = {
      HOST: '0.0.0.0',
      PORT: '3001',
      DATABASE_URL: 'postgresql://communique:x@postgres:5432/communique',
      ...services['gateway-development']?.environment,
    };
    expect(environment).toMatchObject({ TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}` });
    const readFile = (path: string) =>
      path.endsWith('.pem') ? '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n' : '{"keys":[]}';
    expect(parseEnvironment(environment, readFile)).toMatchObject({ ok: true });
    expect(parseEnvironment({ ...environment, NODE_ENV: 'production' }, readFile)).toMatchObject({ ok: false });
    for (const [name, { environment: own = {} }] of each)
      for (const variable of Object.keys(own))
        if (OWN_PREFIXES.some((prefix) => variable.startsWith(prefix)))
          expect({ name, variable, known: isKnown(variable) }).toEqual({ name, variable, known: true });
  });
});

describe('the files beside compose.yaml', () => {
  it("egress.example.json has the routes of the example stack's enclave", () => {
    const parsed = parseEgressSettings(['--config', join(folder, 'env/egress.example.json')]);
    const example = z
      .object({
        egress: z.object({ routes: z.array(z.object({ host: z.string(), port: z.number(), vsockPort: z.number() })) }),
      })
      .parse(JSON.parse(readFileSync(join(root, 'apps/enclave/config/example.json'), 'utf8')));
    expect(parsed).toMatchObject({
      ok: true,
      settings: {
        routes: example.egress.routes.map(({ host, port, vsockPort }) => ({
          host,
          port,
          listen: { kind: 'vsock', port: vsockPort },
        })),
      },
    });
  });

  it("the seccomp filter for vsock refuses privileged system calls as Docker's default filter does, but allows all sockets", () => {
    const { defaultAction, architectures, syscalls } = z
      .object({
        defaultAction: z.string(),
        architectures: z.array(z.string()),
        syscalls: z
          .array(z.object({ names: z.array(z.string()), action: z.string(), args: z.array(z.unknown()).optional() }))
          .readonly(),
      })
      .parse(JSON.parse(read('seccomp-vsock.json')));
    expect([defaultAction, architectures]).toEqual(['SCMP_ACT_ALLOW', ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64']]);
    const refused = syscalls.filter(({ args }) => args === undefined).flatMap(({ names }) => names);
    expect(new Set(refused).size).toBe(refused.length);
    expect(refused).toEqual(
      expect.arrayContaining([
        'bpf',
        'mount',
        'ptrace',
        'setns',
        'unshare',
        'keyctl',
        'io_uring_setup',
        'open_by_handle_at',
      ]),
    );
    for (const name of ['socket', 'connect', 'clone', 'futex', 'epoll_wait']) expect(refused).not.toContain(name);
  });

  const guards = ['Dockerfile.gateway', 'Dockerfile.nitro-enclave'].map(
    (name) =>
      [
        name,
        parseDockerfile(read(name)).stages[0]?.instructions.find((each) => each.name === 'RUN')?.value ?? '',
      ] as const,
  );
  it.each(guards)('%s refuses to build from a base image without a digest', (_name, guard) => {
    const build = (env: Record<string, string>) =>
      spawnSync('/bin/sh', ['-c', guard], { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } });
    const pinnedBase = `node:24-bookworm-slim@sha256:${'ab'.repeat(32)}`;
    expect(build({ NODE_IMAGE: pinnedBase, ALLOW_MUTABLE_BASE: '' }).status).toBe(0);
    expect(build({ NODE_IMAGE: 'node:24-bookworm-slim', ALLOW_MUTABLE_BASE: 'yes' }).status).toBe(0);
    const refused = build({ NODE_IMAGE: 'node:24-bookworm-slim', ALLOW_MUTABLE_BASE: '' });
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('pin-base-images.sh') as string });
  });

  it('pin-base-images.sh writes a digest only if the registry answers with one', async () => {
    const scratch = await temporaryFolder('pin');
    try {
      for (const name of ['pin-base-images.sh', 'base-images.env']) cpSync(join(folder, name), scratch.file(name));
      const answer = (text: string) => {
        writeFileSync(scratch.file('docker'), `#!/bin/sh\necho '${text}'\n`, { mode: 0o755 });
      };
      const pin = (...args: string[]) =>
        spawnSync('/bin/sh', [scratch.file('pin-base-images.sh'), ...args], {
          encoding: 'utf8',
          env: { PATH: `${scratch.path}:${process.env['PATH'] ?? ''}` },
        });
      const bases = () => parseEnvFile(readFileSync(scratch.file('base-images.env'), 'utf8'));
      const before = bases();
      expect(Object.keys(before)).toEqual(['NODE_IMAGE', 'POSTGRES_IMAGE', 'REDIS_IMAGE']);
      const tags = Object.values(before).map((image) => image.replace(/@.*/, ''));
      answer('latest');
      expect(pin('--update').status).toBe(1);
      expect(bases()).toEqual(before);
      const digest = `sha256:${'cd'.repeat(32)}`;
      answer(digest);
      expect(pin('--update').status).toBe(0);
      expect(Object.values(bases())).toEqual(tags.map((tag) => `${tag}@${digest}`));
      expect(pin('--check').status).toBe(0);
      answer(`sha256:${'ef'.repeat(32)}`);
      expect(pin()).toMatchObject({ status: 0, stdout: '' }); // a pinned image stays as it is
      expect(Object.values(bases())).toEqual(tags.map((tag) => `${tag}@${digest}`));
      writeFileSync(scratch.file('base-images.env'), `NODE_IMAGE=${tags[0] ?? ''}\n`);
      expect(pin('--check')).toMatchObject({ status: 1, stderr: expect.stringContaining('NODE_IMAGE=') as string });
    } finally {
      await scratch.remove();
    }
  });

  it('base-images.env names the images that the Dockerfiles and compose.yaml start from', () => {
    const { args } = parseDockerfile(read('Dockerfile.gateway'));
    const bases = parseEnvFile(read('base-images.env'));
    const tagOf = (name: string) => bases[name]?.replace(/@.*/, '');
    expect(tagOf('NODE_IMAGE')).toBe(args['NODE_IMAGE']);
    for (const name of ['POSTGRES_IMAGE', 'REDIS_IMAGE'])
      expect(read('compose.yaml')).toContain(`image: \${${name}:-${tagOf(name) ?? ''}}`);
  });

  it('make-env.sh writes one password for the database and its clients into files that only their owner can read, and never replaces it', async () => {
    const scratch = await temporaryFolder();
    try {
      cpSync(folder, scratch.file('docker'), {
        recursive: true,
        filter: (source) => !/env\/(?!.*example)[^/]+$/.test(source),
      });
      const make = () => spawnSync('/bin/sh', [scratch.file('docker/make-env.sh')], { encoding: 'utf8' });
      expect(make()).toMatchObject({ status: 0, stderr: '' });
      const file = (name: string) => scratch.file(`docker/env/${name}`);
      const { POSTGRES_PASSWORD: password = '' } = parseEnvFile(readFileSync(file('postgres.env'), 'utf8'));
      expect(password).toMatch(/^[0-9a-f]{48}$/);
      expect(new URL(parseEnvFile(readFileSync(file('database.env'), 'utf8'))['DATABASE_URL'] ?? '')).toMatchObject({
        password,
        hostname: 'postgres',
      });
      for (const name of ['postgres.env', 'database.env', 'gateway.env'])
        expect(statSync(file(name)).mode & 0o777).toBe(0o600);
      const before = readFileSync(file('database.env'), 'utf8');
      expect(make()).toMatchObject({ status: 0, stdout: '' });
      expect(readFileSync(file('database.env'), 'utf8')).toBe(before);
      spawnSync('rm', [file('postgres.env')]);
      expect(make()).toMatchObject({ status: 1, stderr: expect.stringContaining('belong together') as string });
    } finally {
      await scratch.remove();
    }
  });
});
