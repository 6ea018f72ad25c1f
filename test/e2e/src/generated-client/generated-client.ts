import type { TrustPolicy } from '@communique-tee/client';
import type { Answer, CongressMessage } from '@communique-tee/protocol';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface GeneratedClient {
  sendMessage(
    gateway: string | URL,
    token: string,
    policy: TrustPolicy,
    content: CongressMessage,
  ): Promise<{ readonly statuses: readonly string[]; readonly answer: Answer }>;
}

const PROGRAM = 'test/e2e/src/generated-client/send-message.ts';
const LIMIT_MS = 120_000;

/** Loads send-message.ts. The workspace's type check leaves that file out, because it imports generated types. */
export async function generatedClient(): Promise<GeneratedClient> {
  return (await import(join(workspaceRoot(), PROGRAM))) as GeneratedClient;
}

/**
 * Generates types from a gateway's OpenAPI document into a folder, and type-checks send-message.ts with them.
 * @throws Error with the messages of the generator or the compiler
 */
export async function checkAgainst(document: object, folder: string): Promise<void> {
  const root = workspaceRoot();
  const [served, generated, config] = ['openapi.json', 'openapi.ts', 'tsconfig.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(served, JSON.stringify(document));
  await writeFile(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      // Resolves `./openapi` as if send-message.ts and the types were in one folder
      compilerOptions: {
        rootDirs: [join(root, PROGRAM, '..'), folder],
        typeRoots: [join(root, 'node_modules/@types')],
        types: ['node'],
      },
      files: [join(root, PROGRAM), generated],
    }),
  );
  await run('openapi-typescript/bin/cli.js', [served, '--output', generated]);
  await run('typescript/bin/tsc', ['--project', config]);
}

/** @throws Error with the program's output, if its exit code is not 0 */
async function run(program: string, args: readonly string[]): Promise<void> {
  const script = join(workspaceRoot(), 'node_modules', program);
  const failed = (error: Error & { stdout?: string; stderr?: string }) =>
    new Error(`${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  await promisify(execFile)(process.execPath, [script, ...args], { timeout: LIMIT_MS }).catch((error: unknown) => {
    throw failed(error as Error);
  });
}
