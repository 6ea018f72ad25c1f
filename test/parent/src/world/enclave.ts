import { chmod, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { CHAMBER_KEYS } from '@communique-tee/protocol';
import { developmentConfiguration, type DescribedCongress, type KeyGuard } from '@communique-tee/test-system';
import { appBundle, spawnService, type TemporaryFolder } from '@communique-tee/testing/harness';
import type { RunningApp } from './hypervisor';

/** The vsock ports of the egress proxies (for the chambers in order, then for KMS), and of the log collector. */
export const VSOCK = {
  chamber: (number: number) => 8001 + number,
  kms: 8001 + CHAMBER_KEYS.length,
  log: 9001,
} as const;

const portOf = (origin: string) => Number(new URL(origin).port);

/**
 * Prepares the enclave's app on a mock NSM. The app reaches its parent only through sockets in `vsock`, one for each port. Its console goes
 * to the parent's collector.
 */
export async function prepareEnclave(
  folder: TemporaryFolder,
  vsock: string,
  { congress, congressFile, keyGuard }: { congress: DescribedCongress; congressFile: string; keyGuard: KeyGuard },
): Promise<() => Promise<RunningApp>> {
  const socket = join(vsock, 'enclave');
  const configuration = JSON.parse(
    await developmentConfiguration(`unix:${socket}`, congressFile, { keyGuard }),
  ) as object;
  const routes = [
    ...CHAMBER_KEYS.map((key, number) => ({ port: portOf(congress[key].origin), vsockPort: VSOCK.chamber(number) })),
    { port: portOf(keyGuard.kms.origin), vsockPort: VSOCK.kms },
  ].map((route) => ({ host: 'localhost', ...route }));
  const file = folder.file('enclave.json');
  await writeFile(file, JSON.stringify({ ...configuration, egress: { mode: 'vsock', routes } }));
  const bundle = join(await appBundle('enclave --dev'), 'main.dev.js');
  return async () => {
    let unfinished = '';
    let collector: Socket | undefined;
    const service = await spawnService({
      command: process.execPath,
      args: [bundle, '--config', file, '--development-root', folder.file('nsm'), '--vsock', join(vsock, 'parent')],
      env: {},
      readyWhen: /enclave_listening/,
      logFile: folder.file('enclave.log'),
      onOutput: (text) => {
        const lines = `${unfinished}${text}`.split('\n');
        unfinished = lines.pop() ?? '';
        if (collector?.writable !== true)
          collector = connect(join(vsock, `parent_${String(VSOCK.log)}`)).on('error', () => undefined);
        collector.write(lines.map((line) => `${line}\n`).join(''));
      },
    });
    // The gateway runs as another user in the machine.
    await chmod(socket, 0o666);
    void service.exited.then(() => collector?.destroy());
    return service;
  };
}
