import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import languageGrpc from '@pulumi/pulumi/proto/language_grpc_pb.js';
import pb from '@pulumi/pulumi/proto/language_pb.js';
import { isRunning, temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';

const HOST = join(workspaceRoot(), 'infra/src/engine/host/language-host.mjs');
/** Starts the host as Pulumi's CLI does, and prints the host's process id and port. */
const CLI = `
const { spawn } = require('node:child_process');
const host = spawn(process.execPath, [${JSON.stringify(HOST)}, '127.0.0.1:9'], { stdio: ['ignore', 'inherit', 'inherit'] });
console.log('host ' + host.pid);
`;

let folder: TemporaryFolder;
let cli: ChildProcess;
/** Process ids of the hosts and of the programs that they run. */
const started: number[] = [];
let hostPid = 0;
let port = 0;
let ended: AbortController;

beforeEach(async () => {
  ended = new AbortController();
  folder = await temporaryFolder();
  cli = spawn(process.execPath, ['-e', CLI], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of cli.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString();
    // The two lines may come in either order, because two processes write them.
    const [pid, listening] = [/^host (\d+)$/m, /^(\d+)$/m].map((line) => line.exec(said)?.[1]);
    if (pid === undefined || listening === undefined) continue;
    [hostPid, port] = [Number(pid), Number(listening)];
    started.push(hostPid);
    break;
  }
});

afterEach(async () => {
  ended.abort();
  cli.kill('SIGKILL');
  for (const pid of started.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  await folder.remove();
});

/** Waits until the condition is true. The test's time limit ends the wait. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo() && !ended.signal.aborted) await sleep(50);
}

/** Has the host run a policy pack that does not end by itself. @returns the process id of the pack */
async function runsPack(): Promise<number> {
  writeFileSync(folder.file('package.json'), '{}');
  writeFileSync(folder.file('index.js'), `console.log('pack ' + process.pid); setInterval(() => undefined, 1000);`);
  const address = `127.0.0.1:${String(port)}`;
  const client = new languageGrpc.LanguageRuntimeClient(address, grpc.credentials.createInsecure());
  const info = new pb.ProgramInfo();
  info.setRootDirectory(folder.path);
  info.setProgramDirectory(folder.path);
  info.setEntryPoint('.');
  const request = new pb.RunPluginRequest();
  request.setInfo(info);
  request.setKind('analyzer');
  request.setPwd(folder.path);
  // The engine's address. No server listens there, because the pack does not call the engine.
  request.setArgsList(['127.0.0.1:9']);
  request.setEnvList(['PULUMI_NODEJS_TYPESCRIPT=false']);
  return new Promise((resolve, reject) => {
    let said = '';
    client
      .runPlugin(request)
      .on('data', (response: pb.RunPluginResponse) => {
        said += Buffer.from(response.getStdout_asU8()).toString() + Buffer.from(response.getStderr_asU8()).toString();
        const [, pid] = /^pack (\d+)$/m.exec(said) ?? [];
        if (pid === undefined) return;
        started.push(Number(pid));
        resolve(Number(pid));
      })
      .on('error', reject)
      .on('end', () => {
        reject(new Error(`the pack ended: ${said}`));
      });
  });
}

it('the host ends itself and its policy pack when the CLI that started it was killed', async () => {
  const pack = await runsPack();
  expect([hostPid, pack].map(isRunning)).toEqual([true, true]);
  cli.kill('SIGKILL');
  await once(cli, 'close');
  await until(() => !isRunning(hostPid) && !isRunning(pack));
});

it('the host ends itself and its policy pack at SIGTERM, which the CLI sends when it is done', async () => {
  const pack = await runsPack();
  process.kill(hostPid, 'SIGTERM');
  await until(() => !isRunning(hostPid) && !isRunning(pack));
});
