import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { workspaceRoot } from '@communique-tee/testing/harness';

export interface RedisServer {
  readonly command: string;
  /** The variables that the server needs in addition to our environment, for the libraries of an unpacked Debian package. */
  readonly env: Readonly<Record<string, string>>;
}

/** Returns redis-server on PATH, otherwise that of .cache/tools/redis. `npm test` unpacks it there (tools/dev/setup/test-tools.mjs). */
export function findRedisServer(path = process.env['PATH'] ?? '', cache?: string): RedisServer | undefined {
  for (const folder of path.split(delimiter)) {
    const command = join(folder, 'redis-server');
    if (folder !== '' && isExecutable(command)) return { command, env: {} };
  }
  const unpacked = cache ?? join(workspaceRoot(), '.cache', 'tools', 'redis');
  const command = join(unpacked, 'usr', 'bin', 'redis-server');
  if (!isExecutable(command)) return undefined;
  const libraries = ['usr/lib', 'lib'].flatMap((part) => {
    const folder = join(unpacked, part);
    if (!existsSync(folder)) return [];
    return [
      folder,
      ...readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(folder, entry.name)),
    ];
  });
  return { command, env: { LD_LIBRARY_PATH: libraries.join(delimiter) } };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
