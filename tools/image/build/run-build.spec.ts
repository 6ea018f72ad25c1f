import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { CommandLine } from '@communique-tee/command-line';
import { describeBuild } from './run-build';

function runBuild(args: readonly string[]): Promise<number> {
  const line = new CommandLine('build', '');
  describeBuild(line.program, line);
  return line.parse(args);
}

let folder: string;
let said: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-build-'));
  said = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

it('says that the output folder cannot be written', async () => {
  writeFileSync(join(folder, 'file'), '');
  expect(await runBuild(['--stack', 'example', '--out', join(folder, 'file', 'out')])).toBe(1);
  expect(said).toContain('not built (out_not_writable)');
});

it('names the examples if the stack has no configuration', async () => {
  expect(await runBuild(['--stack', 'nobody'])).toBe(1);
  expect(said).toContain('there is no apps/enclave/config/nobody.json');
  expect(said).toContain('apps/enclave/config/example.json');
});

it.each([[[]], [['--stack', '../x']], [['--stack', 'example', '--arch', 'riscv']], [['--stack', 'example', 'more']]])(
  'exits with 2 for the arguments %j',
  async (args) => {
    expect(await runBuild(args)).toBe(2);
  },
);
