import { integrationOnly, workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Bundles the enclave's development entry and the gateway, as `nx build` does. */
export async function buildApps(): Promise<{ enclave: string; gateway: string }> {
  integrationOnly('A bundle');
  const run = promisify(execFile);
  const build = async (...args: string[]) =>
    run(process.execPath, [join(workspaceRoot(), 'tools/dev/build/build.mjs'), ...args], { cwd: workspaceRoot() });
  await Promise.all([build('enclave', '--dev'), build('gateway')]);
  return {
    enclave: join(workspaceRoot(), 'dist/apps/enclave/main.dev.js'),
    gateway: join(workspaceRoot(), 'dist/apps/gateway/main.js'),
  };
}
