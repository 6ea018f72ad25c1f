import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { propertyOf, workspaceRoot } from '@communique-tee/testing/harness';

interface LintResult {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null; readonly message: string; readonly severity: number }[];
}

const root = workspaceRoot();
const env = { ...process.env, NX_DAEMON: 'false' };

/**
 * Each file breaks one import rule of docs/architecture.md. The names of the files are random, so that no file of the project is
 * overwritten.
 */
const BREACHES = [
  [
    'the enclave imports Redis',
    'apps/enclave/src',
    "import Redis from 'ioredis';\nexport const client = new Redis();\n",
    'no-restricted-imports',
  ],
  [
    'the enclave imports the mock NSM',
    'apps/enclave/src',
    "export * from '@communique-tee/testing/nsm-mock';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'the enclave imports the gateway',
    'apps/enclave/src',
    "export * from '../../../gateway/src/core/database/generated/client';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'the gateway imports the mock NSM',
    'apps/gateway/src',
    "export * from '@communique-tee/testing/nsm-mock';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'the gateway imports the made-up registrar and its proofs',
    'apps/gateway/src',
    "export * from '@communique-tee/residence/testing';\n",
    'no-restricted-imports',
  ],
  [
    'the gateway imports the Congress simulator',
    'apps/gateway/src',
    "export * from '@communique-tee/congress-simulator';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'the enclave imports the simulated model providers',
    'apps/enclave/src',
    "export * from '@communique-tee/test-providers';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'the gateway imports the identity provider of development',
    'apps/gateway/src',
    "export * from '@communique-tee/identity-simulator';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'a browser library imports Node',
    'libs/crypto/src',
    "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
    'no-restricted-imports',
  ],
  [
    'a browser library uses a global of Node',
    'libs/protocol/src',
    'export const bytes = Buffer.alloc(1);\n',
    'no-restricted-globals',
  ],
  [
    'the page imports Node',
    'apps/page/src',
    "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
    'no-restricted-imports',
  ],
  [
    'the page imports a library of the server',
    'apps/page/src',
    "export * from '@communique-tee/vsock';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'a second place decodes the key binding',
    'apps/gateway/src',
    "import { decodeKeyBinding } from '@communique-tee/protocol';\nexport const read = decodeKeyBinding;\n",
    'no-restricted-syntax',
  ],
  [
    'the core of the gateway imports a feature',
    'apps/gateway/src/core/config',
    "export * from '../../features/auth/caller';\n",
    'no-restricted-imports',
  ],
  [
    'a feature of the gateway imports the edge, only for a type',
    'apps/gateway/src/features/auth',
    "export type { HttpModule } from '../../edge/http/http.module';\n",
    'no-restricted-imports',
  ],
  [
    'a feature of the gateway imports a feature above it',
    'apps/gateway/src/features/enclave',
    "export * from '../messages/messages.service';\n",
    'no-restricted-imports',
  ],
  [
    'the deployment imports the gateway',
    'infra/src',
    "export * from '../../apps/gateway/src/core/config/gateway-config';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'the deployment imports a library of the system',
    'infra/src',
    "export * from '@communique-tee/kms';\n",
    '@nx/enforce-module-boundaries',
  ],
  [
    'a shared library imports a library of the system',
    'libs/protocol/src',
    "export * from '@communique-tee/vsock';\n",
    '@nx/enforce-module-boundaries',
  ],
] as const;

const file = (folder: string) => join(root, folder, `wall-${randomBytes(6).toString('hex')}.ts`);

async function lint(files: readonly string[]): Promise<LintResult[]> {
  const eslint = join(root, 'node_modules/eslint/bin/eslint.js');
  const lintAll = promisify(execFile)(process.execPath, [eslint, '--format', 'json', ...files], {
    cwd: root,
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { stdout } = await lintAll.catch((error: unknown) => {
    // eslint exits with 1 if it found something, and prints that to stdout.
    const said = propertyOf(error, 'stdout');
    if (propertyOf(error, 'code') === 1 && typeof said === 'string') return { stdout: said };
    throw error;
  });
  return JSON.parse(stdout) as LintResult[];
}

describe('the import rules between the trust zones', () => {
  const files = BREACHES.map(([, folder]) => file(folder));
  const sound = file('apps/enclave/src');
  let results: LintResult[];

  beforeAll(async () => {
    await Promise.all(BREACHES.map(([, , source], index) => writeFile(files[index] ?? '', source)));
    await writeFile(sound, "export * from '@communique-tee/protocol';\n");
    // The rule on tags needs Nx's project graph.
    await promisify(execFile)(process.execPath, [join(root, 'node_modules/.bin/nx'), 'show', 'projects'], {
      cwd: root,
      env,
    });
    results = await lint([...files, sound]);
  });
  afterAll(() => Promise.all([...files, sound].map((path) => rm(path, { force: true }))));

  it.each(BREACHES.map(([name, , , rule], index) => ({ name, rule, index })))(
    'refuse a file in which $name',
    ({ rule, index }) => {
      const result = results.find(({ filePath }) => filePath === files[index]);
      expect(result?.messages.filter(({ severity }) => severity === 2).map(({ ruleId }) => ruleId)).toContain(rule);
    },
  );

  it('accept a file that breaks none of them', () => {
    expect(results.find(({ filePath }) => filePath === sound)?.messages).toEqual([]);
  });
});
