import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import type { Installed } from '@communique-tee/testing/judges';

export interface OperatorShell {
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command line by bash, in the checkout. @returns its output @throws Error with the output if the exit code is not 0 */
  type(line: string, options?: { input?: string; env?: Readonly<Record<string, string>> }): Promise<string>;
}

const TIMEOUT_MS = 180_000;

/** Returns a shell in which `aws` is the real AWS CLI. The shell does not see this machine's AWS configuration. */
export async function operatorShell(
  folder: string,
  { python }: Installed,
  more: Readonly<Record<string, string>>,
): Promise<OperatorShell> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'aws'), `#!/bin/sh\nexec '${python}' -m awscli "$@"\n`);
  await chmod(join(bin, 'aws'), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...more };
  return {
    env,
    type: (line, { input = '', env: moreEnv = {} } = {}) =>
      new Promise((resolve, reject) => {
        const shell = spawn('bash', ['--norc', '-c', line], {
          cwd: workspaceRoot(),
          env: { ...env, ...moreEnv },
          timeout: TIMEOUT_MS,
          stdio: 'pipe',
        });
        let output = '';
        for (const stream of [shell.stdout, shell.stderr])
          stream.setEncoding('utf8').on('data', (text: string) => (output += text));
        shell.on('error', reject);
        shell.on('close', (code) => {
          if (code === 0) resolve(output);
          else reject(new Error(`${line}\nended with ${String(code)}:\n${output}`));
        });
        shell.stdin.on('error', () => undefined).end(input);
      }),
  };
}
