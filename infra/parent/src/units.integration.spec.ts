import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { renderParentFiles, type ParentSettings } from './index';
import { EXAMPLES, EXTERNAL, MANAGED, ON_PARENT } from './testing/example-settings';
import { run } from './testing/run';
import { stage } from './testing/stage';

/** The highest scores of systemd-analyze security (0 to 10, lower is better). Three programs need more rights than the others. */
const MOST_EXPOSURE = 2;
const MORE_EXPOSURE: Readonly<Record<string, number>> = {
  'communique-data-volume.service': 2.8,
  'communique-acme.service': 2.2,
  'communique-kept-certificate.service': 2.2,
};
const UNITS = '/etc/systemd/system';
/** A stand-in for the unit in AWS's package. */
const ALLOCATOR =
  '[Unit]\nDescription=stands for the allocator\n[Service]\nType=oneshot\nExecStart=/usr/bin/nitro-enclaves-allocator\n[Install]\nWantedBy=multi-user.target\n';
const PROGRAMS = [
  '/opt/communique/current/bin/node',
  '/usr/sbin/nginx',
  '/usr/bin/postgres',
  '/usr/bin/psql',
  '/usr/bin/redis6-server',
  '/bin/kill',
  '/usr/bin/bash',
  '/usr/bin/install',
  '/usr/bin/systemctl',
  '/usr/bin/nitro-enclaves-allocator',
];

describeWith(commandAvailability('systemd-analyze', 'systemd'), 'systemd', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder('units');
  });
  afterAll(() => folder.remove());

  async function staged(name: string, settings: ParentSettings): Promise<string> {
    const root = join(folder.path, name);
    await rm(root, { recursive: true, force: true });
    await stage(renderParentFiles(settings), root);
    // Add systemd's own units, and the unit of AWS's package.
    await mkdir(join(root, 'usr/lib/systemd'), { recursive: true });
    await cp('/lib/systemd/system', join(root, 'usr/lib/systemd/system'), { recursive: true, verbatimSymlinks: true });
    await writeFile(join(root, 'usr/lib/systemd/system/nitro-enclaves-allocator.service'), ALLOCATOR);
    for (const program of PROGRAMS) {
      await mkdir(join(root, dirname(program)), { recursive: true });
      await writeFile(join(root, program), '#!/bin/sh\n', { mode: 0o755 });
    }
    return root;
  }
  const verify = async (root: string, units: readonly string[]) =>
    run('systemd-analyze', ['verify', `--root=${root}`, '--man=no', ...units], { cwd: join(root, UNITS) });
  const unitsOf = (settings: ParentSettings) => [
    ...Object.keys(renderParentFiles(settings))
      .filter((path) => path.startsWith(`${UNITS}/`) && dirname(path) === UNITS && !path.includes('@'))
      .map((path) => path.slice(UNITS.length + 1)),
    ...settings.egress.map(({ vsockPort }) => `communique-egress@${String(vsockPort)}.service`),
    'nitro-enclaves-allocator.service',
  ];

  it.each(EXAMPLES)('verify finds no problem in the units: %s', async (_name, settings) => {
    const root = await staged(settings.stack, settings);
    expect(await verify(root, unitsOf(settings))).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('verify reports a cycle, a missing program and an unknown key', async () => {
    const root = await staged('broken', MANAGED);
    const gateway = join(root, UNITS, 'communique-gateway.service');
    const good = await readFile(gateway, 'utf8');
    for (const [broken, said] of [
      [good.replace('[Unit]', '[Unit]\nBefore=communique-secrets.service'), /ordering cycle/],
      [good.replace('current/bin/node', 'current/bin/nodejs'), /not executable/],
      [
        good.replace('NoNewPrivileges', 'NoNewPrivilege').replace('[Service]', '[Service]\nNoNewPrivilege=yes'),
        /Unknown key/,
      ],
    ] as const) {
      await writeFile(gateway, broken);
      expect((await verify(root, ['communique-gateway.service'])).stderr).toMatch(said);
    }
  });

  it('security finds every service of ours hardened', async () => {
    const exposed: string[] = [];
    for (const settings of [ON_PARENT, MANAGED]) {
      const root = await staged(`security-${settings.stack}`, settings);
      const units = (await readdir(join(root, UNITS))).filter((name) => /^communique-.*\.service$/.test(name));
      const { stdout, stderr } = await run('systemd-analyze', [
        'security',
        '--offline=true',
        `--root=${root}`,
        '--no-pager',
        ...units,
      ]);
      const found = [...(stdout + stderr).matchAll(/Overall exposure level for (\S+): ([0-9.]+)/g)];
      const levels = new Map(found.map(([, unit = '', level]) => [unit.replace(/@[^.]*/, '@'), Number(level)]));
      for (const unit of units) {
        const exposure = levels.get(unit) ?? NaN;
        if (!(exposure <= (MORE_EXPOSURE[unit] ?? MOST_EXPOSURE)))
          exposed.push(`${unit}: ${String(exposure)} ${stderr}`);
      }
    }
    expect(exposed).toEqual([]);
  });
});

describe('the units', () => {
  const files = renderParentFiles(ON_PARENT);
  const unit = (name: string) => files[`${UNITS}/${name}`]?.content ?? '';
  const keys = (name: string, key: string) =>
    [...unit(name).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

  it('never start an enclave in debug mode', () => {
    for (const { content } of Object.values(files))
      expect(content.replaceAll(/^\s*#.*$/gm, '')).not.toMatch(/debug-mode/);
  });

  it('run as a user without root’s rights, except five that need root', () => {
    const root = Object.keys(files)
      .filter(
        (path) =>
          /\/communique-[^/]*\.service$/.test(path) && !/^(User=|DynamicUser=yes)/m.test(files[path]?.content ?? ''),
      )
      .map((path) => path.slice(UNITS.length + 1));
    // These units write files that only root may read, or use disks.
    expect(root).toEqual([
      'communique-acme.service',
      'communique-certificate.service',
      'communique-data-volume.service',
      'communique-kept-certificate.service',
      'communique-secrets.service',
    ]);
  });

  it('do not forbid writable and executable memory where Node runs, because V8 needs it', () => {
    const forbidding = Object.entries(files).filter(
      ([, { content }]) => content.includes('/bin/node') && /^MemoryDenyWriteExecute=yes/m.test(content),
    );
    expect(forbidding.map(([path]) => path)).toEqual([]);
    expect(files[`${UNITS}/communique-.service.d/10-hardening.conf`]?.content).not.toMatch(/^MemoryDenyWriteExecute/m);
  });

  it.each([
    'communique-gateway.service',
    'communique-egress@.service',
    'communique-enclave-log.service',
    'communique-enclave.service',
  ])('%s may open vsock', (name) => {
    expect(keys(name, 'RestrictAddressFamilies').join(' ')).toContain('AF_VSOCK');
    expect(keys(name, 'DeviceAllow')).toContain('/dev/vsock rw');
  });

  it('let the gateway ask for the instance’s credentials only if its enclave uses KMS', () => {
    const denied = (settings: ParentSettings) =>
      /^IPAddressDeny=(.*)$/m.exec(
        renderParentFiles(settings)[`${UNITS}/communique-gateway.service`]?.content ?? '',
      )?.[1];
    expect([denied(ON_PARENT), denied(EXTERNAL)]).toEqual([
      'fd00:ec2::254/128',
      '169.254.169.254/32 fd00:ec2::254/128',
    ]);
  });

  it.each([
    'communique-egress@.service',
    'communique-migrate.service',
    'communique-nginx.service',
    'communique-acme.service',
  ])('%s cannot ask for the credentials of the instance', (name) => {
    expect(keys(name, 'IPAddressDeny')).toEqual(['169.254.169.254/32 fd00:ec2::254/128']);
  });

  it.each([
    'communique-gateway.service',
    'communique-egress@.service',
    'communique-enclave-log.service',
    'communique-migrate.service',
  ])('%s is not started again after exit code 78', (name) => {
    expect(keys(name, 'RestartPreventExitStatus')).toEqual(['78']);
  });

  it('start after the units that they need', () => {
    const after = (name: string) => keys(name, 'After').join(' ').split(' ');
    expect(after('communique-enclave-memory.service')).toContain('nitro-enclaves-allocator.service');
    expect(after('communique-enclave.service')).toEqual(
      expect.arrayContaining(['communique-enclave-memory.service', 'communique-image.service']),
    );
    expect(after('communique-gateway.service')).toEqual(
      expect.arrayContaining([
        'communique-enclave.service',
        'communique-migrate.service',
        'communique-secrets.service',
      ]),
    );
    expect(after('communique-nginx.service')).toContain('communique-gateway.service');
  });

  // If a unit fails, systemd gives up the units that require it. It does not start them when that unit succeeds later.
  it.each(EXAMPLES)(
    'that others require are restarted after a failure, and then start the units that systemd gave up: %s',
    (_name, settings) => {
      const files = renderParentFiles(settings);
      /** The values of a key in the unit and its drop-ins. */
      const values = (name: string, key: string) =>
        Object.entries(files)
          .filter(([path]) => path === `${UNITS}/${name}` || path.startsWith(`${UNITS}/${name}.d/`))
          .flatMap(([, { content }]) => [...content.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))])
          .flatMap(([, value = '']) => value.split(' '))
          .filter((value) => value !== '');
      const units = Object.keys(files)
        .filter((path) => dirname(path) === UNITS)
        .map((path) => path.slice(UNITS.length + 1));
      const required = (name: string) => [
        ...values(name, '(?:Requires|BindsTo)'),
        ...(values(name, 'RequiresMountsFor').length > 0 ? ['srv-communique.mount'] : []),
      ];
      const withRequired = (name: string): string[] => [name, ...required(name).flatMap(withRequired)];
      const byTimer = (name: string) =>
        units.some((unit) => unit.endsWith('.timer') && values(unit, 'Unit').includes(name));
      const faults: string[] = [];
      for (const name of units.filter((each) => !byTimer(each))) {
        for (const needed of withRequired(name).slice(1)) {
          // Only a reboot helps AWS's allocator and the check of its memory, because memory is reserved early or not at all.
          // A mount is retried with the service that it requires.
          if (/allocator|enclave-memory|\.mount$/.test(needed)) continue;
          const started = values(needed, 'ExecStartPost').flatMap((word, _at, words) =>
            word.endsWith('.service') && words.includes('start') ? withRequired(word) : [],
          );
          if (!/^(always|on-failure)$/.test(values(needed, 'Restart').at(-1) ?? ''))
            faults.push(`${needed} stays failed, and ${name} requires it`);
          // Indirect starts count: each unit starts the next once it has succeeded.
          const reached = new Set(started);
          for (const each of reached)
            for (const next of values(each, 'ExecStartPost').filter((word) => word.endsWith('.service')))
              reached.add(next);
          if (!reached.has(name)) faults.push(`${needed} does not start ${name}, which requires it`);
        }
      }
      expect(faults).toEqual([]);
    },
  );

  it('let the gateway finish its shutdown before systemd kills it', () => {
    const longer = renderParentFiles({
      ...ON_PARENT,
      gateway: { environment: { ...ON_PARENT.gateway.environment, SHUTDOWN_TIMEOUT_MS: '60000' } },
    });
    expect(keys('communique-gateway.service', 'TimeoutStopSec')).toEqual(['35']);
    expect(longer[`${UNITS}/communique-gateway.service`]?.content).toContain('TimeoutStopSec=70');
  });
});
