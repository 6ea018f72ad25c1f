import { spawnService, temporaryFolder, workspaceRoot, type Service } from '@communique-tee/testing/harness';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const entryOf = (part: string) => [join(workspaceRoot(), 'tools', 'run.mjs'), join('tools', 'dev', 'bench', part)];

/** Runs a part of the bench (a path below tools/dev/bench) in another process. @returns the JSON of the last line that it prints */
export async function runPart(part: string, job: unknown): Promise<unknown> {
  const folder = await temporaryFolder('bench-part');
  try {
    const file = join(folder.path, 'job.json');
    writeFileSync(file, JSON.stringify(job), { mode: 0o600 });
    const service = await spawnService({
      command: process.execPath,
      args: [...entryOf(part), file],
      cwd: workspaceRoot(),
      env: process.env,
    });
    const { code } = await service.exited;
    if (code !== 0) throw new Error(`${part} ended with ${String(code)}:\n${service.output().slice(-4000)}`);
    return JSON.parse(service.output().trim().split('\n').at(-1) ?? '');
  } finally {
    await folder.remove();
  }
}

/** Starts a part that is a server, and waits until it prints `listening <port>`. */
export async function startPart(
  part: string,
  ...args: readonly string[]
): Promise<{ readonly port: number; readonly service: Service }> {
  const service = await spawnService({
    command: process.execPath,
    args: [...entryOf(part), ...args],
    cwd: workspaceRoot(),
    env: process.env,
    readyWhen: /listening ([0-9]+)/,
  });
  return { port: Number(service.ready?.[1]), service };
}

export function isInstalled(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}
