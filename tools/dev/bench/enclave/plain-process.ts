import { freePort, spawnService, workspaceRoot, type Service } from '@communique-tee/testing/harness';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { firstDocument } from './first-document';

const BETWEEN_LOOKS_MS = 10;
const READY_TIMEOUT_MS = 30_000;

export interface PlainProcess {
  readonly address: string;
  readonly firstDocumentMs: number;
  readonly service: Service;
}

/**
 * Starts the enclave's app as a process of this machine, with the same flags for Node as in the image. It uses the development bundle,
 * because the production bundle refuses to start without an NSM device.
 * @param congressFile the file in which the simulator describes itself
 */
export async function startPlainProcess(
  developmentBundle: string,
  folder: string,
  congressFile: string,
): Promise<PlainProcess> {
  const development = z
    .looseObject({})
    .parse(JSON.parse(await readFile(join(workspaceRoot(), 'apps/enclave/config/development.json'), 'utf8')));
  const address = `tcp:127.0.0.1:${String(await freePort())}`;
  const configurationFile = join(folder, 'plain.json');
  await writeFile(
    configurationFile,
    JSON.stringify({ ...development, listen: address, congressSimulator: congressFile }),
    { mode: 0o600 },
  );
  const startedAtMs = performance.now();
  const service = await spawnService({
    command: process.execPath,
    args: [
      '--disable-sigusr1',
      developmentBundle,
      '--config',
      configurationFile,
      '--development-root',
      join(folder, 'plain-nsm'),
    ],
    env: {},
  });
  try {
    const ended = new AbortController();
    void service.exited.then(() => {
      ended.abort(new Error(`the app ended before its first answer:\n${service.output().slice(-2000)}`));
    });
    await firstDocument(
      address,
      BETWEEN_LOOKS_MS,
      AbortSignal.any([ended.signal, AbortSignal.timeout(READY_TIMEOUT_MS)]),
    );
    return { address, firstDocumentMs: performance.now() - startedAtMs, service };
  } catch (error) {
    await service.stop();
    throw error;
  }
}
