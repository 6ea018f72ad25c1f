import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWith } from '@communique-tee/testing/harness';
import { run } from './testing/run';
import { scriptEnvironment, stageScripts, writeScript, type StagedScripts } from './testing/staged-scripts';

const URL_WITH_PASSWORD = 'postgresql://u:p"a$s`s@db.example.org:5432/communique?sslmode=verify-full';
const quoted = (value: string) => `"${value.replaceAll(/["\\`$]/g, '\\$&')}"`;
const root = process.getuid?.() === 0;

describe('communique-operator', () => {
  let staged: StagedScripts;
  let bin: string;
  beforeAll(async () => {
    staged = await stageScripts('operator-command');
  });
  afterAll(() => staged.folder.remove());
  beforeEach(async () => {
    bin = await staged.newBin();
  });

  /** @param files the content of gateway.env in /etc and in /run */
  const command = async (files: Readonly<Record<'etc' | 'run', string | undefined>>, args: readonly string[]) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(bin, name));
      if (text !== undefined) await writeFile(join(bin, name, 'gateway.env'), text, { mode: 0o600 });
    }
    const release = join(bin, 'release');
    await mkdir(join(release, 'bin'), { recursive: true });
    await writeScript(
      join(release, 'bin'),
      'node',
      `printf '%s\\0' "$0" "$@" > ${bin}/argv; pwd > ${bin}/cwd; env -0 > ${bin}/env; exit 3`,
    );
    // The script sets its own PATH, so a copy of the script starts this stand-in for setpriv by its path.
    await writeScript(
      bin,
      'setpriv',
      `printf '%s\\n' "$*" > ${bin}/privileges; while [[ $1 == -* ]]; do case $1 in --reuid|--regid) shift 2 ;; *) shift ;; esac; done; exec "$@"`,
    );
    const script = await readFile(join(staged.folder.path, 'usr/local/bin/communique-operator'), 'utf8');
    const local = join(bin, 'communique-operator');
    await writeFile(local, script.replace('exec setpriv', `exec ${bin}/setpriv`), { mode: 0o755 });
    const ran = await run(local, args, {
      env: scriptEnvironment(bin, staged.folder.path, {
        COMMUNIQUE_ETC: join(bin, 'etc'),
        COMMUNIQUE_SECRETS: join(bin, 'run'),
        COMMUNIQUE_RELEASE: release,
        DATABASE_URL: 'postgresql://caller',
        NODE_OPTIONS: '--inspect',
        AWS_SECRET_ACCESS_KEY: 'caller',
      }),
    });
    const seen = async (name: string) =>
      (await readFile(join(bin, name), 'utf8').catch(() => '')).split('\0').filter((each) => each !== '');
    return {
      ...ran,
      argv: await seen('argv'),
      env: Object.fromEntries(
        (await seen('env')).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      ),
      privileges: await readFile(join(bin, 'privileges'), 'utf8').catch(() => ''),
      cwd: await readFile(join(bin, 'cwd'), 'utf8').catch(() => ''),
    };
  };
  const managed = {
    etc: 'PORT="3001"\nNODE_EXTRA_CA_CERTS="/etc/communique/rds-authorities.pem"\n',
    run: `DATABASE_URL=${quoted(URL_WITH_PASSWORD)}\nREDIS_URL="rediss://:secret@cache"\n`,
  };

  describeWith(root ? { available: true } : { available: false, reason: 'not root' }, 'as root', () => {
    it("runs the release's command as the gateway's user, and passes the database's address only in the environment", async () => {
      const { code, argv, env, privileges, cwd } = await command(managed, [
        'clear-stop',
        '--by',
        'a name',
        '--why',
        'two words',
      ]);
      expect(code).toBe(3);
      expect(argv).toEqual([
        join(bin, 'release/bin/node'),
        '--disable-sigusr1',
        join(bin, 'release/operator/main.mjs'),
        'clear-stop',
        '--by',
        'a name',
        '--why',
        'two words',
      ]);
      expect(privileges).toMatch(
        /^--reuid communique-gateway --regid communique-gateway --init-groups --no-new-privs --inh-caps=-all --bounding-set=-all /,
      );
      expect(privileges).not.toContain('postgresql:');
      const { PATH: _path, PWD: _pwd, SHLVL: _shlvl, _: _last, OLDPWD: _old, ...rest } = env;
      expect(rest).toEqual({
        DATABASE_URL: URL_WITH_PASSWORD,
        NODE_EXTRA_CA_CERTS: '/etc/communique/rds-authorities.pem',
      });
      expect(cwd).toBe('/\n');
    });

    it('uses the database that /etc names if PostgreSQL is on the parent', async () => {
      const { env } = await command(
        { etc: 'DATABASE_URL="postgresql://communique_gateway@localhost/communique"\n', run: '' },
        ['status'],
      );
      expect(env['DATABASE_URL']).toBe('postgresql://communique_gateway@localhost/communique');
    });

    it("fails, and does not use the caller's database, if the parent's secrets are not fetched yet", async () => {
      const { code, stderr, argv } = await command({ etc: 'PORT="3001"\n', run: undefined }, ['status']);
      expect([code, argv]).toEqual([1, []]);
      expect(stderr).toContain('communique-secrets.service');
    });
  });

  (root ? it.skip : it)('tells another user that only root may run it', async () => {
    const { code, stderr } = await command(managed, ['status']);
    expect([code, stderr]).toEqual([77, expect.stringContaining('sudo')]);
  });
});
