import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import type { Installed } from '@communique-tee/testing/judges';
import { operatorShell } from './operator-shell';
import { MOTO_CREDENTIALS, type Moto } from './start-moto';

export interface ParentShell {
  /** Runs a script of the parent by its name. @returns the script's exit code and output */
  run(script: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Sets the instance for which the metadata service answers. */
  isInstance(id: string): Promise<void>;
  /** Installs a stand-in for a program of the instance. */
  standIn(name: string, body: string): Promise<void>;
}

export interface Ended {
  readonly code: number;
  readonly output: string;
}

const SCRIPTS = 'usr/local/libexec/communique';

/**
 * Copies the scripts of `infra/parent/files` into one folder, as on the instance. `aws` is the real AWS CLI, which asks moto; a stand-in
 * answers for the instance metadata service.
 */
export async function parentShell(folder: TemporaryFolder, awscli: Installed, moto: Moto): Promise<ParentShell> {
  const programs = folder.file('parent');
  await mkdir(programs);
  const files = join(workspaceRoot(), 'infra/parent/files');
  const groups = (await readdir(files)).map((group) => join(files, group, SCRIPTS)).filter((from) => existsSync(from));
  for (const from of groups)
    for (const entry of await readdir(from, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const { name } = entry;
      await copyFile(join(from, name), join(programs, name));
      // The parent's archive makes the scripts executable, whatever file modes the checkout has.
      await chmod(join(programs, name), 0o755);
    }
  const shell = await operatorShell(folder.path, awscli, {
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
  });
  const program = (path: string, body: string) => writeFile(path, `#!/bin/bash\nset -eu\n${body}\n`, { mode: 0o755 });
  return {
    run: async (script, args, env = {}) => {
      const line = [join(programs, script), ...args].map((word) => `'${word}'`).join(' ');
      const output = await shell.type(`${line} 2>&1; echo "ended with $?"`, { env });
      const [, text = '', code = ''] = /^([^]*)ended with (\d+)\n$/.exec(output) ?? [];
      return { code: Number(code), output: text };
    },
    isInstance: (id) => program(join(programs, 'instance-id'), `echo ${id}`),
    standIn: (name, body) => program(join(folder.path, 'bin', name), body),
  };
}
