import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnvironment, type GatewayConfig } from '@communique-tee/gateway-environment';
import {
  appBundle,
  commandAvailability,
  describeWith,
  freePort,
  spawnService,
  temporaryFolder,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { redisAvailability, startRedis, type Redis } from '@communique-tee/testing/redis';
import { renderParentFiles, type ParentFile } from '../../parent/src';
import { readEnvironmentFile } from '../../parent/src/testing/read-environment-file';
import { run } from '../../parent/src/testing/run';
import { stage } from '../../parent/src/testing/stage';
import { stageNginx } from '../../parent/src/testing/start-nginx';
import { ODD_VALUES } from '../testing/odd-values';
import { ACCEPTED, isRefused, parsed } from '../testing/parsed-settings';
import { exampleParent } from './check-parent';
import type { Settings } from './parse-settings';

/** Tests that nginx and the gateway work with every odd value that preview accepts. */

type Files = Readonly<Record<string, ParentFile>>;
type Changes = Readonly<Record<string, string | undefined>>;

const SECRETS = {
  DATABASE_URL: 'postgresql://u:p@db.example.org/communique',
  REDIS_URL: 'rediss://:t@cache.example.org',
};
const GATEWAY = '/etc/communique/gateway.env';
const NGINX = '/etc/communique/nginx/';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('odd-values');
  // nginx's workers do not run as root, and must read the folder.
  await chmod(folder.path, 0o755);
});
afterAll(() => folder.remove());

function settingsOf(changes: Changes): Settings {
  const answer = parsed(changes);
  if (isRefused(answer)) throw new Error(answer.join('\n'));
  return answer;
}
const filesOf = (settings: Settings): Files => renderParentFiles(exampleParent(settings));

/** The variables of an environment file, as bash reads them. */
async function environmentOf(files: Files, path: string): Promise<Record<string, string>> {
  const file = files[path];
  if (file === undefined) throw new Error(`there is no ${path}`);
  const root = await mkdtemp(join(folder.path, 'env-'));
  await stage({ [path]: file }, root);
  return readEnvironmentFile(join(root, path));
}

/** The gateway's configuration from its environment file and its secrets. */
function gatewayConfig(environment: Readonly<Record<string, string>>): GatewayConfig {
  const read = parseEnvironment({ ...environment, ...SECRETS });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return read.config;
}

async function nginxTakes(settings: Settings): Promise<void> {
  const staged = await stageNginx(exampleParent(settings), await mkdtemp(join(folder.path, 'nginx-')));
  await chmod(staged.root, 0o755);
  const { code, stderr } = await run('nginx', ['-t', '-c', staged.configuration, '-e', 'stderr'], {
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
  });
  expect([code, stderr.match(/\[(warn|emerg|error)\].*/)]).toEqual([0, null]);
}

const accepted = ODD_VALUES.filter(({ problem }) => problem === undefined).map((odd) => ({
  title: `${odd.key} ${JSON.stringify(odd.value).slice(0, 90)}`,
  key: odd.key,
  changes: { ...(odd.key === 'domain' && { hostedZone: undefined }), ...odd.beside, [odd.key]: odd.value },
}));

describeWith(commandAvailability('nginx', 'nginx-light'), 'nginx starts with', () => {
  it.each(accepted.filter(({ key }) => !['alarmEmail', 'authIssuer', 'corsOrigins'].includes(key)))(
    '$title',
    ({ changes }) => nginxTakes(settingsOf(changes)),
  );
});

describe('the gateway reads', () => {
  it.each(accepted)('$title', async ({ changes }) => {
    const settings = settingsOf(changes);
    const config = gatewayConfig(await environmentOf(filesOf(settings), GATEWAY));
    expect(config.http.corsOrigins).toEqual(settings.corsOrigins);
    expect(config.auth).toMatchObject({ issuer: settings.authIssuer, audience: settings.authAudience });
  });
});

describeWith(redisAvailability(), 'the gateway starts with', () => {
  let postgres: Postgres;
  let redis: Redis;
  let bundle: string;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    bundle = join(await appBundle('gateway'), 'main.js');
  });
  afterAll(async () => {
    await (redis as Redis | undefined)?.stop();
    await (postgres as Postgres | undefined)?.stop();
  });

  /** Starts a gateway with the parent's environment. Ports, URLs and paths are this machine's. */
  async function start(settings: Settings): Promise<{ service: Service; url: string }> {
    const environment = await environmentOf(filesOf(settings), GATEWAY);
    const port = await freePort();
    const service = await spawnService({
      command: process.execPath,
      args: [bundle],
      env: {
        ...environment,
        PORT: String(port),
        METRICS_PORT: String(await freePort()),
        DATABASE_URL: await postgres.createMigratedDatabase(),
        REDIS_URL: redis.url,
        TEE_ENDPOINT: `unix:${folder.file('no-enclave.sock')}`,
        SHUTDOWN_DRAIN_MS: '0',
      },
      // Do not wait for a log line, because LOG_LEVEL may turn the log off.
      readyWhen: async () => (await fetch(`http://127.0.0.1:${String(port)}/health`)).ok,
      readyTimeoutMs: 60_000,
    });
    return { service, url: `http://127.0.0.1:${String(port)}` };
  }
  const valuesOf = (key: string) =>
    ODD_VALUES.filter((odd) => odd.key === key && odd.problem === undefined).map(({ value }) => value);

  it('all origins and variables of ODD_VALUES, and answers requests of each origin', async () => {
    const variables = valuesOf('gatewayEnvironment').map((text) => JSON.parse(text) as Record<string, string>);
    const origins = valuesOf('corsOrigins').filter((value) => !value.startsWith('['));
    const settings = settingsOf({
      corsOrigins: origins.join(','),
      gatewayEnvironment: JSON.stringify(Object.assign({}, ...variables)),
      authIssuer: valuesOf('authIssuer').at(-1),
    });
    const { service, url } = await start(settings);
    try {
      expect(settings.corsOrigins.length).toBeGreaterThan(6);
      for (const origin of settings.corsOrigins) {
        const answer = await fetch(`${url}/health`, { headers: { origin } });
        expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
      }
    } finally {
      await service.stop();
    }
  });
});

const wordsOf = (text: string): string[] => text.replaceAll(/\d+/g, '0').split(/\s+/);

/** The operator's texts in an environment file of a program other than the gateway. */
const expectedIn = (path: string, { domain, alarmEmail }: Settings): unknown[] =>
  path.endsWith('certificate.env')
    ? [domain, alarmEmail]
    : path.endsWith('launch.env')
      ? [`https://${domain}/health`]
      : [];

/** Characters that a shell, systemd, nginx, YAML, JSON or a terminal interprets. */
const HOSTILE = [
  ...['\n', '\r', '\0', '\t', '\u001b[2J', '\u0085', '\u2028', '\u202e', '\ud800', '\u00e9', '\u{1f600}'],
  ...['"', "'", '\\', '\\n', '$', '$HOME', '${X}', '$(id)', '`id`', '%', '%n', '#', ';', '{', '}', '<', '>', '|', '&'],
  ...[
    '*',
    '?',
    '!',
    '~',
    '=',
    ':',
    ',',
    ' ',
    '-',
    '@domain@',
    '\nNODE_OPTIONS="--inspect"\n',
    '; include /etc/passwd;',
  ],
  ...['a'.repeat(300), 'a'.repeat(100_000)],
];

describe('a hostile character or a very long value in', () => {
  const whole = filesOf(settingsOf({}));
  const names: Record<string, string[]> = {};
  beforeAll(async () => {
    for (const path of Object.keys(whole).filter((each) => each.endsWith('.env')))
      names[path] = Object.keys(await environmentOf(whole, path));
  });

  it.each(Object.keys(ACCEPTED))('%s is refused in one line, or stays unchanged in every file', async (key) => {
    const value = ACCEPTED[key] ?? '';
    const middle = Math.ceil(value.length / 2);
    for (const hostile of HOSTILE) {
      const forms = [value + hostile, value.slice(0, middle) + hostile + value.slice(middle), hostile];
      // This setting is JSON, so the hostile text also goes into a variable's value and name.
      if (key === 'gatewayEnvironment')
        forms.push(JSON.stringify({ AUTH_ADMIN_SCOPE: `a${hostile}b` }), JSON.stringify({ [hostile]: 'a' }));
      for (const form of forms) {
        const answer = parsed({ ...(key === 'domain' && { hostedZone: undefined }), [key]: form });
        if (isRefused(answer)) expectLines(answer);
        else await expectHarmless(whole, answer);
      }
    }
  });

  function expectLines(problems: readonly string[]): void {
    expect(problems.length).toBeGreaterThan(0);
    for (const line of problems) {
      expect(line).toMatch(/^[a-zA-Z0-9:]+[: ]/);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      expect(line.length).toBeLessThan(1000);
    }
  }

  async function expectHarmless(before: Files, settings: Settings): Promise<void> {
    const after = filesOf(settings);
    expect(Object.keys(before)).toEqual(expect.arrayContaining(Object.keys(after)));
    const changed = Object.keys(after).filter((path) => after[path]?.content !== before[path]?.content);
    for (const path of changed.filter((each) => each.endsWith('.env'))) {
      const environment = await environmentOf(after, path);
      expect(names[path]).toEqual(expect.arrayContaining(Object.keys(environment)));
      const scope = settings.gatewayEnvironment['AUTH_ADMIN_SCOPE']?.trim();
      if (path === GATEWAY)
        expect(gatewayConfig(environment).auth).toMatchObject({
          issuer: settings.authIssuer,
          audience: settings.authAudience,
          jwks: { url: settings.authJwksUrl },
          ...(scope !== undefined && scope !== '' && { adminScope: scope }),
        });
      else expect(Object.values(environment)).toEqual(expect.arrayContaining(expectedIn(path, settings)));
    }
    if (changed.some((path) => path.startsWith(NGINX))) await nginxTakes(settings);
    for (const path of changed) {
      const [was, is] = [before[path]?.content ?? '', after[path]?.content ?? ''];
      if (path.endsWith('.json') || path.endsWith('.yaml')) expect(() => JSON.parse(is) as unknown).not.toThrow();
      // Units and scripts contain no operator text: another setting changes only numbers in them, or removes words.
      else if (!path.endsWith('.env') && !path.startsWith(NGINX))
        expect(wordsOf(was)).toEqual(expect.arrayContaining(wordsOf(is)));
    }
  }
});
