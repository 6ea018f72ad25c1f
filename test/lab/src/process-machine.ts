import type { NsmTransport } from '@communique-tee/nsm';
import { serveNsm } from '@communique-tee/testing/nsm-mock';
import { appBundle, spawnService, temporaryFolder, type Service } from '@communique-tee/testing/harness';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine';

export interface ProcessOptions {
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Answers the enclave's NSM requests, and so decides the attested time. */
  readonly nsm: NsmTransport;
  /** The folder with the mock NSM's root certificate. */
  readonly rootFolder: string;
}

const PAGE_BYTES = 4096;

/**
 * Returns a machine that runs the development build of the enclave as a process. The process has no environment variables, as in an image.
 */
export async function processMachine({ configuration, nsm, rootFolder }: ProcessOptions): Promise<Machine> {
  const bundle = join(await appBundle('enclave --dev'), 'main.dev.js');
  const folder = await temporaryFolder('lab-');
  const [socket, vsock, nsmSocket, file] = ['app', 'v', 'nsm', 'enclave.json'].map((name) => folder.file(name)) as [
    string,
    string,
    string,
    string,
  ];
  await writeFile(file, JSON.stringify({ ...configuration, listen: `unix:${socket}` }));
  const served = await serveNsm(nsm, nsmSocket);
  let running: Service | null = null;
  let earlier = '';
  return {
    address: { kind: 'unix', path: socket },
    vsock,
    async start() {
      if (running) earlier += running.output();
      running = await spawnService({
        command: process.execPath,
        args: [bundle, '--config', file, '--development-root', rootFolder, '--nsm', nsmSocket, '--vsock', vsock],
        env: {},
        readyWhen: /enclave_listening/,
      });
      const started = running;
      void started.exited.then(() => {
        if (running === started) {
          earlier += started.output();
          running = null;
        }
      });
    },
    async kill() {
      await running?.kill();
    },
    isRunning: () => running !== null,
    memoryBytes: () => (running === null ? null : residentBytes(running.pid)),
    output: () => earlier + (running?.output() ?? ''),
    async stop() {
      await running?.stop();
      await served.close();
      await folder.remove();
    },
  };
}

function residentBytes(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return null;
  }
}
