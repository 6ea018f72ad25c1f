import { describeWith, workspaceRoot } from '@communique-tee/testing/harness';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfigurationForImage } from '../src/configuration/for-image';

const folder = join(workspaceRoot(), 'apps/enclave/config');
const EXAMPLES = readdirSync(folder).filter((name) => /^example(\.[a-z]+)?\.json$/.test(name));
const git = (...args: string[]) => spawnSync('git', args, { cwd: folder }).status;

it.each(EXAMPLES)('%s is a configuration that an image may carry', (name) => {
  expect(() => parseConfigurationForImage(JSON.parse(readFileSync(join(folder, name), 'utf8')))).not.toThrow();
});

describeWith(
  git('rev-parse') === 0 ? { available: true } : { available: false, reason: 'no checkout of git' },
  'git',
  () => {
    it('lets Git track the examples and ignore the configuration of a real stack', () => {
      const ignored = (name: string) => git('check-ignore', '--no-index', '--quiet', join(folder, name)) === 0;
      for (const name of EXAMPLES) expect([name, ignored(name)]).toEqual([name, false]);
      for (const name of ['dev.json', 'staging.json', 'prod.json', 'example2.json'])
        expect([name, ignored(name)]).toEqual([name, true]);
    });
  },
);
