import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { sourceOf } from './source';

describe('sourceOf', () => {
  let folder: TemporaryFolder;
  const path = process.env['PATH'];
  /** Stands in for git. */
  const git = (body: string) => writeFileSync(folder.file('bin/git'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });

  beforeEach(async () => {
    folder = await temporaryFolder();
    mkdirSync(folder.file('bin'));
    writeFileSync(folder.file('package.json'), '{"version":"1.2.3"}');
    process.env['PATH'] = `${folder.file('bin')}${delimiter}${path ?? ''}`;
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    await folder.remove();
  });

  it.each([
    ['the commit', 'case $1 in rev-parse) echo abc;; esac', 'abc'],
    ['that files have changed', 'case $1 in rev-parse) echo abc;; *) echo " M a";; esac', 'abc+changes'],
    ['no commit where there is none', 'exit 128', null],
    ['no commit where git fails to tell the changes', 'case $1 in rev-parse) echo abc;; *) exit 128;; esac', null],
  ])('reports %s', (_what, body, commit) => {
    git(body);
    expect(sourceOf(folder.path)).toEqual({ version: '1.2.3', commit });
  });
});
