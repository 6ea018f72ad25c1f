import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { sourceOf } from './source';

describe('sourceOf', () => {
  let folder: TemporaryFolder;
  const git = (...args: string[]) =>
    spawnSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
      cwd: folder.path,
      encoding: 'utf8',
    }).stdout.trim();

  beforeEach(async () => {
    folder = await temporaryFolder();
    writeFileSync(folder.file('package.json'), '{"version":"1.2.3"}');
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'first');
  });
  afterEach(() => folder.remove());

  it('reports the commit, and whether the tree differs from it', () => {
    const commit = git('rev-parse', 'HEAD');
    expect(sourceOf(folder.path)).toEqual({ version: '1.2.3', commit });
    writeFileSync(folder.file('package.json'), '{"version":"1.2.4"}');
    expect(sourceOf(folder.path)).toEqual({ version: '1.2.4', commit: `${commit}+changes` });
  });

  it('reports no commit if git fails to list the changes', () => {
    writeFileSync(folder.file('.git/index'), 'damaged');
    expect(git('rev-parse', 'HEAD')).toMatch(/^[0-9a-f]{40}$/);
    expect(sourceOf(folder.path)).toEqual({ version: '1.2.3', commit: null });
  });
});
