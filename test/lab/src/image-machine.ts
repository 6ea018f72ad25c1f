import { bootEnclave, type BootedEnclave, type TestPki } from '@communique-tee/emulator';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { listen } from '@communique-tee/vsock';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine';

export const APP_PORT = 5000;
const LOG_PORT = 9001;
/** The longest time from init's heartbeat to the app's log line `enclave_listening`. */
const APP_READY_TIMEOUT_MS = 120_000;

/** Returns a machine that boots the image in the emulator, and collects the log that the enclave sends to the parent's vsock port 9001. */
export async function imageMachine(eif: string, pki: TestPki): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-')); // a separate folder, because the path of a unix socket must be short
  const vsock = join(folder, 'vsock');
  let log = '';
  let console_ = '';
  let booted: BootedEnclave | null = null;
  const collector = createServer((socket) => {
    socket.setEncoding('utf8').on('error', () => socket.destroy());
    socket.on('data', (text: string) => (log += text));
  });
  await listen(collector, { kind: 'hybrid', path: vsock, port: LOG_PORT });
  const kill = async () => {
    if (booted === null) return;
    console_ += booted.console();
    await booted.stop();
    booted = null;
  };
  return {
    address: { kind: 'hybrid', path: vsock, port: APP_PORT },
    vsock,
    async start() {
      const from = log.length;
      const started = await bootEnclave({ root: workspaceRoot(), eif, folder, testPki: pki.folder });
      booted = started;
      void started.exited.then(() => {
        if (booted === started) booted = null;
      });
      const untilMs = Date.now() + APP_READY_TIMEOUT_MS;
      while (!log.includes('enclave_listening', from)) {
        if (Date.now() > untilMs) throw new Error(`the app did not start:\n${started.console().slice(-4000)}`);
        await sleep(100);
      }
    },
    kill,
    isRunning: () => booted !== null,
    memoryBytes: () => null,
    output: () => log + console_ + (booted?.console() ?? ''),
    async stop() {
      await kill();
      collector.close();
      await once(collector, 'close');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
