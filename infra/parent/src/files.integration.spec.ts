import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { parseEgressSettings } from '@communique-tee/parent/egress/egress-settings';
import { parseEnvironment } from '@communique-tee/gateway-environment';
import {
  ENCLAVE_SECRETS_FILE,
  packagesOf,
  renderParentArchive,
  renderParentFiles,
  renderUserData,
  type ParentSettings,
} from './index';
import { EXAMPLES, EXTERNAL, MANAGED, ON_PARENT } from './testing/example-settings';
import { readEnvironmentFile } from './testing/read-environment-file';
import { run } from './testing/run';
import { stage } from './testing/stage';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('parent-files');
});
afterAll(() => folder.remove());

const contentOf = (settings: ParentSettings, path: string) => renderParentFiles(settings)[path]?.content ?? '';
const scriptsOf = (settings: ParentSettings) =>
  Object.entries(renderParentFiles(settings)).filter(([, { content }]) => content.startsWith('#!'));

it.each(EXAMPLES)('no file of the parent is empty or contains a placeholder: %s', (_name, settings) => {
  for (const [path, { content }] of Object.entries(renderParentFiles(settings))) {
    expect([path, content.match(/@[a-z][A-Za-z0-9]*@/)]).toEqual([path, null]);
    expect([path, content.trim().length > 0]).toEqual([path, true]);
  }
});

it('only scripts are executable, and root owns every file', () => {
  for (const [path, { content, mode, owner }] of Object.entries(renderParentFiles(ON_PARENT))) {
    expect([path, mode]).toEqual([path, content.startsWith('#!') ? 0o755 : 0o644]);
    expect(owner).toBe('root:root');
  }
});

describeWith(commandAvailability('shellcheck', 'shellcheck'), 'shellcheck', () => {
  it('finds nothing in any script, including the bootstrap', async () => {
    const root = join(folder.path, 'scripts');
    const scripts = EXAMPLES.flatMap(([, settings]) => scriptsOf(settings));
    await mkdir(root);
    const bootstrap = (
      JSON.parse(renderUserData(ON_PARENT).replace('#cloud-config\n', '')) as {
        write_files: { path: string; content: string }[];
      }
    ).write_files.find(({ path }) => path.endsWith('bootstrap'));
    await writeFile(join(root, 'bootstrap'), bootstrap?.content ?? '');
    for (const [path, { content }] of scripts) await writeFile(join(root, path.split('/').at(-1) ?? ''), content);
    const files = (await readdir(root)).map((name) => join(root, name));
    expect(files.length).toBeGreaterThan(15);
    // Without SC1091, because the bootstrap reads a file that is only on a parent.
    expect(await run('shellcheck', ['--exclude=SC1091', ...files])).toEqual({ code: 0, stdout: '', stderr: '' });
    for (const [path, { content }] of scripts)
      expect([path, content.includes('set -euo pipefail')]).toEqual([path, true]);
  });
});

describeWith(commandAvailability('cloud-init', 'cloud-init'), 'cloud-init', () => {
  it.each(EXAMPLES)('accepts the user data: %s', async (_name, settings) => {
    const file = join(folder.path, `${settings.stack}.yaml`);
    await writeFile(file, renderUserData(settings));
    expect(await run('cloud-init', ['schema', '--config-file', file])).toMatchObject({ code: 0 });
  });

  it('rejects wrong user data', async () => {
    const file = join(folder.path, 'wrong.yaml');
    await writeFile(file, renderUserData(ON_PARENT).replace('"runcmd": [', '"runcmd": [ 7, '));
    expect((await run('cloud-init', ['schema', '--config-file', file])).code).not.toBe(0);
  });
});

describe('user data', () => {
  it('is far below EC2’s limit, and names the key of the archive', () => {
    const text = renderUserData(ON_PARENT);
    const { key, sha256, bytes } = renderParentArchive(ON_PARENT);
    expect(Buffer.byteLength(text)).toBeLessThan(4096);
    expect(text).toContain(key);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  });

  it('is the same for the same settings, and differs for others', () => {
    expect(renderUserData({ ...ON_PARENT })).toBe(renderUserData(ON_PARENT));
    expect(renderUserData({ ...ON_PARENT, enclave: { cpuCount: 2, memoryMiB: 3074 } })).not.toBe(
      renderUserData(ON_PARENT),
    );
  });

  it('contains no secret, and not even the name of a secret', () => {
    expect(renderUserData(MANAGED)).not.toContain('secretsmanager');
  });

  it('installs no docker, and databases only if they run on the parent', () => {
    expect(packagesOf(ON_PARENT)).toEqual(expect.arrayContaining(['postgresql17-server', 'redis6', 'certbot']));
    for (const settings of [MANAGED, EXTERNAL])
      expect(packagesOf(settings).filter((name) => /docker|postgres|redis|certbot/.test(name))).toEqual([]);
  });
});

it('renders an archive that tar unpacks, with modes and owner', async () => {
  const root = join(folder.path, 'unpacked');
  await mkdir(root);
  const archive = join(folder.path, 'files.tar');
  await writeFile(archive, renderParentArchive(ON_PARENT).bytes);
  expect(await run('tar', ['-xf', archive, '-C', root])).toMatchObject({ code: 0, stderr: '' });
  const listed = (await run('tar', ['-tvf', archive])).stdout;
  expect(listed).toMatch(/^-rwxr-xr-x root\/root .* usr\/local\/libexec\/communique\/install$/m);
  for (const [path, { content }] of Object.entries(renderParentFiles(ON_PARENT)))
    expect(await readFile(join(root, path), 'utf8')).toBe(content);
});

describeWith(commandAvailability('python3', 'python3-yaml'), 'YAML', () => {
  const load = async (text: string): Promise<unknown> => {
    const { code, stdout, stderr } = await run(
      'python3',
      ['-c', 'import json,sys,yaml; print(json.dumps(yaml.safe_load(sys.stdin)))'],
      { input: text },
    );
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  it('gives the allocator memory and CPUs, after the line of dashes', async () => {
    const text = contentOf(ON_PARENT, '/etc/nitro_enclaves/allocator.yaml');
    expect(await load(text)).toEqual({ memory_mib: 3072, cpu_count: 2 });
    // AWS's own reader skips the text before this line, and then reads one `key: value` per line.
    expect(text.split('\n')).toContain('---');
    for (const line of text
      .slice(text.indexOf('---\n') + 4)
      .trim()
      .split('\n'))
      expect(line).toMatch(/^[a-z_]+: [0-9]+$/);
  });

  it('is valid in the user data and the scrape configuration', async () => {
    expect(await load(renderUserData(ON_PARENT))).toMatchObject({ runcmd: [['/usr/local/sbin/communique-bootstrap']] });
    expect(await load(contentOf(ON_PARENT, '/etc/communique/prometheus.yaml'))).toMatchObject({
      scrape_configs: [{ job_name: 'gateway' }],
    });
  });
});

describe('the egress proxies', () => {
  it('have one process per destination, whose allow-list names only that destination', () => {
    const files = renderParentFiles(ON_PARENT);
    const wants = (target: string) => files[`/etc/systemd/system/communique-${target}.target`]?.content ?? '';
    const target = `${wants('egress')}${wants('address')}`;
    for (const { host, port, vsockPort } of ON_PARENT.egress) {
      const parsed = parseEgressSettings(
        ['--config', 'x'],
        () => files[`/etc/communique/egress/${String(vsockPort)}.json`]?.content ?? '',
      );
      if (!parsed.ok) throw new Error(parsed.problems.join());
      expect(parsed.settings.routes).toMatchObject([{ host, port, listen: { kind: 'vsock', port: vsockPort } }]);
      expect(target).toContain(`communique-egress@${String(vsockPort)}.service`);
    }
    expect(Object.keys(files).filter((path) => path.startsWith('/etc/communique/egress/'))).toHaveLength(
      ON_PARENT.egress.length,
    );
  });
});

describe('the Elastic IP', () => {
  const wants = (settings: ParentSettings, target: string) =>
    /^Wants=(.*)$/m
      .exec(renderParentFiles(settings)[`/etc/systemd/system/${target}`]?.content ?? '')?.[1]
      ?.split(' ') ?? [];

  it('is required only by the proxies to Congress and by the certificate', () => {
    expect(wants(ON_PARENT, 'communique-address.target')).toEqual([
      'communique-egress@8001.service',
      'communique-egress@8002.service',
      'communique-acme.service',
      'communique-acme.timer',
    ]);
    expect(wants(ON_PARENT, 'communique-egress.target')).toEqual(['communique-egress@8003.service']);
    const atBoot = wants(ON_PARENT, 'communique.target');
    expect(atBoot).toEqual(
      expect.arrayContaining(['communique-address.path', 'communique-address.service', 'communique-attested.service']),
    );
    expect(atBoot.filter((unit) => /acme|egress@|address\.target/.test(unit))).toEqual([]);
  });

  it('is required by no unit if the stack has none', () => {
    expect(wants(MANAGED, 'communique-egress.target')).toEqual(
      [8001, 8002, 8003].map((port) => `communique-egress@${String(port)}.service`),
    );
    expect(Object.keys(renderParentFiles(MANAGED)).filter((path) => path.includes('address'))).toEqual([]);
  });

  it('makes the launch wait for the certificate only if clients connect to the parent’s nginx', () => {
    expect(contentOf(ON_PARENT, '/etc/communique/launch.env')).toContain(
      'FRONT_URL="https://communique.example.org/health"',
    );
    expect(contentOf(MANAGED, '/etc/communique/launch.env')).not.toContain('FRONT_URL');
  });
});

describe('the environment of the gateway', () => {
  const sourced = async (text: string): Promise<Record<string, string>> => {
    const file = join(folder.path, 'gateway.env');
    await writeFile(file, text);
    return readEnvironmentFile(file);
  };
  const SECRETS: Readonly<Record<string, Record<string, string>>> = {
    dev: {},
    prod: {
      DATABASE_URL: 'postgresql://u:p@db.abc.us-east-1.rds.amazonaws.com:5432/communique?sslmode=verify-full',
      REDIS_URL: 'rediss://:t@cache:6379',
    },
    staging: { DATABASE_URL: 'postgresql://u:p@db.example.org/communique', REDIS_URL: 'rediss://:t@cache:6379' },
  };

  it.each(EXAMPLES)('is accepted by the gateway: %s', async (_name, settings) => {
    const environment = {
      ...(await sourced(contentOf(settings, '/etc/communique/gateway.env'))),
      ...SECRETS[settings.stack],
    };
    const parsed = parseEnvironment(environment);
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    expect(parsed.config).toMatchObject({
      environment: 'production',
      http: { host: '127.0.0.1', trustedProxies: ['127.0.0.1'] },
      attestation: { verify: true },
      enclave: { addresses: ['vsock:16:5000'] },
    });
    expect(parsed.config.attestation.acceptedMeasurements).toHaveLength(2);
    expect(parsed.config.keys.secretsFile).toBe(
      Object.keys(settings.enclaveSecrets).length > 0 ? ENCLAVE_SECRETS_FILE : undefined,
    );
  });

  it('keeps a value unchanged, even with characters that a shell interprets', async () => {
    const value = 'a "quoted" \\ $HOME `id` \'x\' # no comment';
    const text = contentOf(
      { ...ON_PARENT, gateway: { environment: { ...ON_PARENT.gateway.environment, AUTH_AUDIENCE: value } } },
      '/etc/communique/gateway.env',
    );
    expect((await sourced(text))['AUTH_AUDIENCE']).toBe(value);
  });
});

describe('the CloudWatch agent', () => {
  const agent = JSON.parse(contentOf(ON_PARENT, '/etc/communique/cloudwatch-agent.json')) as {
    logs: { logs_collected: { files: { collect_list: { file_path: string; log_group_name: string }[] } } };
  };

  it('reads the log of every service', () => {
    const collected = agent.logs.logs_collected.files.collect_list.map(({ file_path }) => file_path);
    const services = Object.keys(renderParentFiles(ON_PARENT)).flatMap(
      (path) => /^\/etc\/systemd\/system\/(communique-[a-z-]+)@?\.service$/.exec(path)?.[1] ?? [],
    );
    for (const service of services) expect(collected).toContain(`/var/log/communique/${service}.log`);
  });

  it('reads only logs that logrotate rotates, and the log of cloud-init', () => {
    const rotated = [...contentOf(ON_PARENT, '/etc/logrotate.d/communique').matchAll(/^(\/\S+) \{$/gm)].map(
      ([, pattern = '']) => pattern,
    );
    for (const { file_path } of agent.logs.logs_collected.files.collect_list)
      if (file_path !== '/var/log/cloud-init-output.log')
        expect([file_path, rotated.some((pattern) => matchesGlob(file_path, pattern))]).toEqual([file_path, true]);
  });

  it('may read every service’s log, because systemd-tmpfiles makes the file with the agent’s group', () => {
    for (const [, settings] of EXAMPLES)
      for (const path of Object.keys(renderParentFiles(settings))) {
        const service = /^\/etc\/systemd\/system\/(communique-[a-z-]+)@?\.service$/.exec(path)?.[1];
        if (service !== undefined)
          expect(contentOf(settings, '/etc/tmpfiles.d/communique-logs.conf')).toContain(
            `\nf /var/log/communique/${service}.log 0640 root cwagent -\n`,
          );
      }
  });

  it('writes only into log groups below the stack’s prefix', () => {
    for (const { log_group_name } of agent.logs.logs_collected.files.collect_list)
      expect(log_group_name).toMatch(/^\/communique\/dev\/(gateway|enclave|parent|nginx|database)$/);
  });
});

describeWith(commandAvailability('systemd-sysusers', 'systemd'), 'systemd-sysusers and systemd-tmpfiles', () => {
  it('make the users that the units name', async () => {
    const root = join(folder.path, 'users');
    await stage(renderParentFiles(ON_PARENT), root);
    expect(await run('systemd-sysusers', [`--root=${root}`])).toMatchObject({ code: 0 });
    const users = await readFile(join(root, 'etc/passwd'), 'utf8');
    const named = new Set(
      Object.values(renderParentFiles(ON_PARENT)).flatMap(({ content }) =>
        [...content.matchAll(/^User=(communique.*)$/gm)].map(([, name = '']) => name),
      ),
    );
    expect(named.size).toBeGreaterThan(4);
    for (const name of named) expect(users).toMatch(new RegExp(`^${name}:`, 'm'));
    expect(await readFile(join(root, 'etc/group'), 'utf8')).toMatch(/^ne:.*communique-enclave/m);
    if (process.getuid?.() === 0) {
      expect(await run('systemd-tmpfiles', [`--root=${root}`, '--create', 'communique.conf'])).toMatchObject({
        code: 0,
      });
      expect((await readdir(join(root, 'var/log'))).includes('communique')).toBe(true);
    }
  });
});

describeWith(commandAvailability('logrotate', 'logrotate'), 'logrotate', () => {
  it('accepts the rendered configuration', async () => {
    const file = join(folder.path, 'logrotate');
    await writeFile(
      file,
      // This machine does not have these users; npm run test:parent rotates with them.
      contentOf(ON_PARENT, '/etc/logrotate.d/communique')
        .replaceAll('/var/log/', `${folder.path}/`)
        .replaceAll(/(su|create 0640) .*/g, '$1 root root'),
      { mode: 0o644 },
    );
    const { code, stderr } = await run('logrotate', ['--debug', '--state', join(folder.path, 'logrotate.state'), file]);
    expect([code, stderr.match(/error:.*/)]).toEqual([0, null]);
  });
});
