import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { CLIENT_ERROR_CODES } from '@communique-tee/client';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gatewayProblem } from './check-gateway';
import { EXAMPLE_ORIGIN } from './origin';

const NOWHERE = 'http://127.0.0.1:1';

describe('npm run example:browser', () => {
  let folder: TemporaryFolder;
  let policy: string;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder('example-browser');
    policy = folder.file('policy.json');
    const { pcr0, pcr3 = '' } = developmentMeasurements;
    await writeFile(policy, JSON.stringify({ acceptedMeasurements: [{ pcr0, pcr3 }] }));
  });
  afterAll(async () => {
    for (const command of started) command.kill();
    await folder.remove();
  });

  const start = (...argv: string[]) => {
    const main = ['tools/run.mjs', 'tools/dev/client-package/example/main.ts', '--gateway', NOWHERE, ...argv];
    const command = spawn(process.execPath, main, { cwd: workspaceRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(command);
    const said = { out: '', err: '' };
    command.stdout.on('data', (text) => (said.out += String(text)));
    command.stderr.on('data', (text) => (said.err += String(text)));
    return { command, said, ended: once(command, 'close').then(([code]) => code as number | null) };
  };

  it('builds the package, serves its page, and says that the gateway does not answer and what to do', async () => {
    const { command, said, ended } = start('--port', '0', '--policy', policy);
    while (!said.out.includes('Ctrl-C ends it') && command.exitCode === null) await once(command.stdout, 'data');
    expect(said.out).toMatch(/does not answer[^]*Next: .*npm run demo/);
    const [origin = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(said.out) ?? [];
    const page = await fetch(`${origin}/`);
    const html = await page.text();
    expect(html).toContain(`data-gateway="${NOWHERE}" data-pcr0="${developmentMeasurements.pcr0}"`);
    expect(page.headers.get('content-security-policy')).toContain(`connect-src ${NOWHERE};`);
    for (const [path, status] of [
      ['/browser.mjs', 200],
      ['/failures.mjs', 200],
      ['/communique-tee-client.js', 200],
      ['/../package.json', 404],
      ['/README.md', 404],
    ] as const)
      expect([path, (await fetch(`${origin}${path}`)).status]).toEqual([path, status]);

    const [, port = ''] = /:(\d+)$/.exec(origin) ?? [];
    const second = start('--port', port, '--policy', policy);
    expect(await second.ended).toBe(1);
    expect(second.said.err).toMatch(new RegExp(`Another program uses port ${port}[^]*Next: `));
    command.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  it('says to start the demo if its development root does not exist yet', async () => {
    const { pcr0, pcr3 = '' } = developmentMeasurements;
    const rootless = folder.file('rootless.json');
    await writeFile(
      rootless,
      JSON.stringify({ acceptedMeasurements: [{ pcr0, pcr3 }], developmentRoot: 'nowhere.pem' }),
    );
    const { said, ended } = start('--port', '0', '--policy', rootless);
    expect(await ended).toBe(1);
    expect(said.err).toMatch(/nowhere\.pem[^]*Next: start the demo/);
  });

  it('has advice on its page for every code of the library', async () => {
    const script = `
      import { ADVICE, adviceFor } from ${JSON.stringify(join(workspaceRoot(), 'libs/client/examples/failures.mjs'))};
      console.log(JSON.stringify({ known: Object.keys(ADVICE), advice: ${JSON.stringify(CLIENT_ERROR_CODES)}.map((code) => adviceFor({ code }, 'https://page.example')) }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    const { known, advice } = JSON.parse(stdout) as { known: string[]; advice: unknown[] };
    expect(advice.filter((text) => typeof text !== 'string' || text.length < 20)).toEqual([]);
    expect(known.filter((code) => !(CLIENT_ERROR_CODES as readonly string[]).includes(code))).toEqual([]);
  });

  it('distinguishes a gateway that does not allow its page from a missing gateway', async () => {
    const answers: Record<string, string>[] = [
      {},
      { 'access-control-allow-origin': 'https://app.example' },
      { 'access-control-allow-origin': EXAMPLE_ORIGIN },
    ];
    const server = createServer((_request, response) => response.writeHead(204, answers.shift()).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const gateway = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    const needed = expect.stringContaining(`CORS_ORIGINS=${EXAMPLE_ORIGIN}`) as string;
    for (const expected of [needed, needed, null])
      expect(await gatewayProblem(gateway, EXAMPLE_ORIGIN)).toEqual(expected);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await gatewayProblem(gateway, EXAMPLE_ORIGIN)).toContain('npm run demo');
  });
});
