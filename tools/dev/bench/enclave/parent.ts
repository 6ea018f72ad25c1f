import { spawnService, workspaceRoot, type Service } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LOG_PORT = 9001;

export interface Route {
  readonly vsockPort: number;
  /** host:port */
  readonly destination: string;
}

/** Bundles an app into a separate folder, because another process may rebuild `dist` meanwhile. */
export async function bundle(
  app: 'enclave' | 'parent',
  folder: string,
  ...options: readonly string[]
): Promise<string> {
  await promisify(execFile)(
    process.execPath,
    [join(workspaceRoot(), 'tools/dev/build/build.mjs'), app, '--outdir', folder, ...options],
    { cwd: workspaceRoot() },
  );
  return join(folder, options.includes('--dev') ? 'main.dev.js' : 'main.js');
}

/** Starts the programs that a parent runs beside its enclave: the egress proxy and the collector of the enclave's log. */
export async function startParent(
  folder: string,
  udsPath: string,
  routes: readonly Route[],
): Promise<{ readonly collector: Service; stop(): Promise<void> }> {
  const main = await bundle('parent', join(folder, 'parent'));
  const start = (name: string, ...args: string[]) =>
    spawnService({
      command: process.execPath,
      args: [main, name, ...args],
      env: {},
      logFile: join(folder, `${name}.log`),
      readyWhen: /listening/,
    });
  const proxy = await start(
    'egress-proxy',
    ...routes.flatMap(({ vsockPort, destination }) => [
      '--route',
      `hybrid:${udsPath}:${String(vsockPort)}=${destination}`,
    ]),
  );
  try {
    const collector = await start('log-collector', '--listen', `hybrid:${udsPath}:${String(LOG_PORT)}`);
    return { collector, stop: async () => void (await Promise.all([proxy.stop(), collector.stop()])) };
  } catch (error) {
    await proxy.stop();
    throw error;
  }
}
