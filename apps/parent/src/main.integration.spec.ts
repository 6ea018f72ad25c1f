import {
  freePort,
  spawnService,
  temporaryFolder,
  workspaceRoot,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { connect } from '@communique-tee/vsock';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** Tests the bundle as it is installed on the parent. */
describe("the parent's programs", () => {
  let folder: TemporaryFolder;
  let bundle: string;
  let far: Server;
  let destination: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    execFileSync(
      process.execPath,
      [join(workspaceRoot(), 'tools/dev/build/build.mjs'), 'parent', '--outdir', folder.file('bundle')],
      { cwd: workspaceRoot() },
    );
    bundle = folder.file('bundle', 'main.js');
    far = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    const port = await freePort();
    await new Promise<void>((listening) => far.listen(port, '127.0.0.1', listening));
    destination = `127.0.0.1:${String(port)}`;
  }, 120_000);
  afterAll(async () => {
    await new Promise((closed) => far.close(closed));
    await folder.remove();
  });

  const run = (...args: string[]) =>
    spawnSync(process.execPath, [bundle, ...args], { env: {}, encoding: 'utf8', timeout: 30_000 });

  it('are one small bundle, without tests or a framework', () => {
    const { inputs } = JSON.parse(readFileSync(folder.file('bundle', 'meta.json'), 'utf8')) as {
      inputs: Record<string, unknown>;
    };
    const files = Object.keys(inputs);
    expect(
      files
        .filter((file) => !file.includes('node_modules'))
        .filter((file) => /testing|spec|apps\/(enclave|gateway)/.test(file)),
    ).toEqual([]);
    expect(files.filter((file) => /node_modules\/(@nestjs|pg|ioredis|fastify)\//.test(file))).toEqual([]);
    expect(statSync(bundle).size).toBeLessThan(1_000_000);
  });

  it('print their usage with --help', () => {
    for (const args of [['--help'], ['egress-proxy', '--help'], ['log-collector', '-h']]) {
      const { status, stdout } = run(...args);
      expect(status).toBe(0);
      expect(stdout).toContain('usage: communique-tee');
    }
  });

  it.each([
    [[], 'which command?'],
    [['heartbeat'], 'this command is not known'],
    [['constructor'], 'this command is not known'],
    [['egress-proxy'], '--route: at least one'],
    [['egress-proxy', '--route', 'vsock:1=a:0', '--drain-ms', 'x'], '2 problem(s)'],
    [['log-collector', '--raw'], '--raw: is refused in production'],
  ])('end with exit code 78 for %j', (args, expected) => {
    const { status, stderr, stdout } = run(...args);
    expect(status).toBe(78);
    expect(stderr).toContain(expected);
    expect(stdout).toBe('');
  });

  it('end with exit code 1 if they cannot listen', () => {
    const { status, stderr } = run('egress-proxy', '--route', `unix:${folder.file('none', 's')}=${destination}`);
    expect(status).toBe(1);
    expect(stderr).toContain('cannot listen on unix:');
  });

  it('relay bytes, count them for Prometheus, and drain after SIGTERM', async () => {
    const path = folder.file('egress');
    const metrics = await freePort();
    const args = [
      bundle,
      'egress-proxy',
      '--route',
      `unix:${path}=${destination}`,
      '--metrics',
      `tcp:127.0.0.1:${String(metrics)}`,
      '--drain-ms',
      '20000',
    ];
    const service = await spawnService({ command: process.execPath, args, env: {}, readyWhen: /metrics_listening/ });
    const socket = await connect({ kind: 'unix', path }, { timeoutMs: 5000 });
    const said = async (text: string, to: Socket = socket) => {
      to.write(text);
      const [data] = (await once(to, 'data')) as [Buffer];
      return data.toString();
    };
    expect(await said('hello')).toBe('hello');
    const answer = await fetch(`http://127.0.0.1:${String(metrics)}/metrics`);
    expect(await answer.text()).toContain(
      `communique_egress_bytes_total{destination="${destination}",direction="from"} 5`,
    );
    expect((await fetch(`http://127.0.0.1:${String(metrics)}/`)).status).toBe(404);

    process.kill(service.pid, 'SIGTERM');
    for (let round = 0; round < 500 && !service.output().includes('egress_draining'); round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await said('still here')).toBe('still here');
    socket.end();
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(service.output()).toContain('egress_stopped');
    expect(service.output()).not.toContain('hello');
  });

  it('collect the log of the enclave', async () => {
    const path = folder.file('log');
    const service = await spawnService({
      command: process.execPath,
      args: [bundle, 'log-collector', '--listen', `unix:${path}`],
      env: {},
      readyWhen: /enclave_log_listening/,
    });
    const socket = await connect({ kind: 'unix', path }, { timeoutMs: 5000 });
    socket.end(
      '{"time":"2026-11-22T12:00:00.000Z","level":"info","event":"enclave_listening","address":"vsock:5000","plaintext":"Dear Senator"}\nDear Senator\n',
    );
    for (let round = 0; round < 500 && !service.output().includes('enclave_log_disconnected'); round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    expect(service.output()).toMatch(
      /"source":"enclave","event":"enclave_listening","enclaveTime":"2026-11-22T12:00:00.000Z","address":"vsock:5000","droppedFields":1/,
    );
    expect(service.output()).not.toContain('Senator');
  });
});
