import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Does what an outside researcher would do: writes a file in any folder and runs `npm run lab -- <file>`. */

const root = workspaceRoot();
const [, example = ''] = /```ts\n([\s\S]+?)```/.exec(readFileSync(join(root, 'test/lab/README.md'), 'utf8')) ?? [];

function attackThat(does: string): string {
  return `import { attack } from '@communique-tee/lab';
export default attack({ title: 'holds', async run(parent) { ${does} } });`;
}

function lab(...files: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const args = [join(root, 'tools/run.mjs'), join(root, 'test/lab/src/main.ts'), ...files];
    execFile(process.execPath, args, { cwd: root }, (error, out) =>
      resolve({ code: error === null ? 0 : Number(error.code), out }),
    );
  });
}

it('the command runs the example of the README, and reports a broken promise and an attack without expectations differently', async () => {
  await using folder = await temporaryFolder('researcher');
  const file = async (name: string, text: string) => {
    await writeFile(folder.file(name), text);
    return folder.file(name);
  };
  const good = await lab(await file('example.ts', example));
  expect(good).toMatchObject({ code: 0, out: expect.stringContaining('1 held, 0 broken') as string });

  const bad = await lab(
    await file('broken.ts', attackThat("parent.expect('all is well', 1, 2);")),
    await file('empty.ts', attackThat('')),
    await file('kills.ts', attackThat("parent.expect('it is there', true); await parent.kill();")),
  );
  expect(bad.code).toBe(1);
  expect(bad.out).toContain('NOT: all is well');
  expect(bad.out).toContain('the attack expects nothing');
  expect(bad.out).toContain('NOT: the enclave still runs');
  expect(bad.out).toContain('0 held, 2 broken, 1 could not be carried out');
});
