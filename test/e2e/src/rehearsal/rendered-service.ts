import { join } from 'node:path';
import { spawnService, type Service, type ServiceOptions } from '@communique-tee/testing/harness';
import { run } from '@communique-tee/parent-files/testing/run';
import type { ParentFile } from '@communique-tee/parent-files/render-parent-files';

export const NOBODY = '65534';

export interface RenderedService {
  readonly files: Readonly<Record<string, ParentFile>>;
  /** The name of the unit, for example `communique-egress@8001`. */
  readonly unit: string;
  /** The folder in place of /opt/communique/current. */
  readonly release: string;
  /** Parts of the command line that only a parent has, such as `vsock:9001`, and their replacements here. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Variables in addition to the unit's own `Environment`. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly options: Pick<ServiceOptions, 'readyWhen' | 'readyTimeoutMs' | 'logFile'>;
}

/**
 * Runs ExecStart of a rendered unit with its limit of open files (at most 16,384), without privileges and, if we are root, as the user
 * nobody. systemd's own restrictions (sandbox, cgroups, system call filter) do not apply here.
 */
export function startRendered({
  files,
  unit,
  release,
  instead = {},
  environment = {},
  options,
}: RenderedService): Promise<Service> {
  const [template = '', instance = ''] = unit.split('@');
  const path = `/etc/systemd/system/${instance === '' ? unit : `${template}@`}.service`;
  const text = `${files['/etc/systemd/system/communique-.service.d/10-hardening.conf']?.content ?? ''}\n${files[path]?.content ?? ''}`;
  const values = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  const start = values('ExecStart').at(-1);
  if (start === undefined) throw new Error(`${path} starts nothing`);
  const command = Object.entries({ '%i': instance, '/opt/communique/current': release, ...instead })
    .reduce((line, [from, to]) => line.replaceAll(from, to), start)
    .split(' ');
  const ours = Object.fromEntries(
    values('Environment').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const nofile = Math.min(Number(values('LimitNOFILE').at(-1) ?? 1024), 16_384);
  const root = process.getuid?.() === 0;
  const wrapped = [
    ...['prlimit', '--core=0', `--nofile=${String(nofile)}`],
    ...[
      'setpriv',
      '--no-new-privs',
      ...(root
        ? ['--bounding-set=-all', '--inh-caps=-all', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
        : []),
    ],
    ...command,
  ];
  const [program = '', ...args] = wrapped;
  // PATH is for setpriv and prlimit only: the program is named by its path.
  return spawnService({
    command: program,
    args,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', ...ours, ...environment },
    ...options,
  });
}

/** Runs a rendered script, with stand-ins first on PATH. */
export const runScript = (root: string, name: string, args: readonly string[], bin: string) =>
  run(join(root, 'usr/local/libexec/communique', name), args, { env: { PATH: `${bin}:/usr/bin:/bin` } });
