import { forEachChamber } from '@communique-tee/protocol';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CHECKS } from './checks';
import { fail, pass, warn, type Check, type Finding } from './check';
import { preflight, STACK_FILE } from './testing/look';
import { startStandInAws, type StandInAws } from './testing/stand-in-aws';

const says = (name: string, finding: Finding): Check => ({
  name,
  title: `that ${name}`,
  group: 'here',
  network: false,
  run: () => Promise.resolve(finding),
});

it.each<[number, Finding]>([
  [0, pass('a')],
  [0, warn('a', 'b')],
  [1, fail('a', 'b')],
])('exits with %d for this finding: %j', async (code, finding) => {
  expect((await preflight(['--stack', 'prod'], { checks: [says('x', finding)] })).code).toBe(code);
});

it.each([
  [['--nonsense']],
  [['--stack', 'none']],
  [['--stack', '../etc']],
  [['--only', 'nothing']],
  [['--stack', 'prod', '--config', 'nothing']],
])('exits with 2 for %j, and prints only to stderr', async (args) => {
  const { code, out, err } = await preflight(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).not.toBe('');
});

it('lists every check with --help', async () => {
  const { code, out } = await preflight(['--help']);
  expect(code).toBe(0);
  for (const { name, title } of CHECKS)
    expect(out).toMatch(new RegExp(`${name} +${title.slice(0, 20).replace(/[()]/g, '.')}`));
});

it('gives every check a different name', () => {
  expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
});

it('prints colors only on a terminal', async () => {
  const checks = [says('x', fail('a', 'b'))];
  expect((await preflight(['--stack', 'prod'], { checks, colour: true })).out).toContain('\u001b[31mFAIL\u001b[0m');
  expect((await preflight(['--stack', 'prod'], { checks })).out).not.toContain('\u001b');
});

it('runs only the checks of --only, and not those of --skip', async () => {
  const checks = ['a', 'b', 'c'].map((name) => says(name, pass(name)));
  const names = async (...args: string[]) =>
    (
      JSON.parse((await preflight(['--stack', 'prod', '--json', ...args], { checks })).out) as {
        checks: { check: string }[];
      }
    ).checks.map(({ check }) => check);
  expect(await names('--only', 'a,b')).toEqual(['a', 'b']);
  expect(await names('--skip', 'a')).toEqual(['b', 'c']);
});

describe('secrets', () => {
  const CANARY = 'canary-Zq7';
  let aws: StandInAws;
  let echo: Server;
  beforeAll(async () => {
    aws = await startStandInAws();
    // This server sends back the request's headers and path, as a debugging proxy might.
    echo = createServer((request, response) =>
      response.writeHead(418).end(JSON.stringify([request.headers, request.url])),
    );
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await aws.stop();
    echo.closeAllConnections();
    await new Promise((resolve) => echo.close(resolve));
  });

  it.each(['echoing', 'unreachable'])(
    'never appear in the output, even if every check fails (%s servers)',
    async (kind) => {
      const port = String((echo.address() as AddressInfo).port);
      const origin = kind === 'echoing' ? `http://127.0.0.1:${port}` : 'http://127.0.0.1:1';
      const leak = (body: string) => ({
        status: 400,
        body: `<Response><Errors><Error><Code>${CANARY}</Code><Message>${CANARY} ${body}</Message></Error></Errors></Response>`,
      });
      aws.answer({ '*': leak });
      const secret = (name: string) => `${CANARY}-${name}-secret`;
      const env = {
        OPENAI_API_KEY: secret('openai'),
        GOOGLE_AI_API_KEY: secret('google'),
        ANTHROPIC_API_KEY: secret('anthropic'),
        DATABASE_URL: `postgresql://ada:${secret('database')}@127.0.0.1:${kind === 'echoing' ? port : '1'}/x`,
        REDIS_URL: `redis://:${secret('redis')}@127.0.0.1:${kind === 'echoing' ? port : '1'}`,
        AWS_SECRET_ACCESS_KEY: secret('aws'),
        AWS_SESSION_TOKEN: secret('session'),
      };
      const enclave = {
        stack: 'prod',
        egress: { mode: 'vsock', routes: [] },
        services: {
          congress: forEachChamber((chamber) => ({
            origin: 'https://127.0.0.1:1',
            apiKeyReadableInImage: secret(chamber),
          })),
        },
      };
      const surroundings = {
        files: {
          'Pulumi.prod.yaml': STACK_FILE.replace(/redisAuthToken:[\s\S]*$/, `redisAuthToken: ${secret('token')}\n`),
          'apps/enclave/config/prod.json': JSON.stringify(enclave),
          'prisma/migrations/a/migration.sql': '',
        },
        ports: {
          env,
          fetch,
          lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
          origins: { openai: origin, googleAi: origin, anthropic: origin },
          aws: {
            endpoint: aws.endpoint,
            credentials: { accessKeyId: secret('id'), secretAccessKey: secret('aws'), sessionToken: secret('session') },
          },
          runProgram: () =>
            Promise.resolve({
              code: 1,
              stdout: secret('openai'),
              stderr: `  - ${secret('openai')} ${secret('token')}\n`,
            }),
        },
      };
      for (const form of [[], ['--json']]) {
        const { code, out, err } = await preflight(
          ['--stack', 'prod', '--timeout', '3', '--config', `redisAuthToken=${secret('config')}`, ...form],
          surroundings,
        );
        expect(code).toBe(1);
        expect(`${out}${err}`).not.toContain(CANARY);
        expect(out).toContain('openai');
      }
      for (const form of [
        ['--config', `redisAuthToken${secret('config')}`],
        ['--only', secret('openai')],
        [secret('openai')],
      ]) {
        const { code, out, err } = await preflight(['--stack', 'prod', ...form], surroundings);
        expect(code).toBe(2);
        expect(`${out}${err}`).not.toContain(CANARY);
      }
    },
  );
});
