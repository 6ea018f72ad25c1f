import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { renderParentFiles } from '../index';
import { MANAGED, ON_PARENT } from './example-settings';
import { stage } from './stage';

export interface StagedScripts {
  readonly folder: TemporaryFolder;
  /** The folder with every script of the parent. */
  readonly programs: string;
  /** Makes a folder for stand-ins of programs. `scriptEnvironment` puts it first on PATH. */
  newBin(): Promise<string>;
}

export async function stageScripts(prefix: string): Promise<StagedScripts> {
  const folder = await temporaryFolder(prefix);
  await stage({ ...renderParentFiles(MANAGED), ...renderParentFiles(ON_PARENT) }, folder.path);
  return {
    folder,
    programs: join(folder.path, 'usr/local/libexec/communique'),
    newBin: () => mkdtemp(join(folder.path, 'bin-')),
  };
}

export const writeScript = (bin: string, name: string, body: string) =>
  writeFile(join(bin, name), `#!/bin/bash\nset -eu\n${body}\n`, { mode: 0o755 });
export const scriptEnvironment = (bin: string, home: string, more: Record<string, string> = {}) => ({
  PATH: `${bin}:/usr/bin:/bin:/usr/sbin:/sbin`,
  HOME: home,
  ...more,
});
