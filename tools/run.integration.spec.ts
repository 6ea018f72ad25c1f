import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');
const cache = join(root, '.cache/run');

describe('tools/run.mjs', () => {
  let folder: string;
  /** The prefix of this entry point's cache entries. */
  let name: string;

  const write = (file: string, text: string) => {
    writeFileSync(join(folder, file), text);
  };
  const run = () =>
    execFileSync(process.execPath, ['tools/run.mjs', join(folder, 'main.ts'), 'one', 'two'], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  const ofThisEntry = () => readdirSync(cache).filter((entry) => entry.startsWith(name));
  const recordFile = () => join(cache, `${name}.json`);
  const keptFile = () => {
    const { bundle } = JSON.parse(readFileSync(recordFile(), 'utf8')) as { bundle: string };
    return join(cache, bundle, 'main.mjs');
  };
  /** Changes the kept bundle so that a start that uses it prints `kept`. */
  const markKept = () => {
    writeFileSync(keptFile(), `console.log('kept');`);
  };

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'run-')));
    name = `${folder.replaceAll('/', '-')}-main`;
    write('part.ts', `export const text: string = 'first';`);
    write('main.ts', `import { text } from './part.js';\nconsole.log(text, ...process.argv.slice(2));`);
  });
  afterEach(() => {
    for (const entry of ofThisEntry()) rmSync(join(cache, entry), { recursive: true });
    rmSync(folder, { recursive: true });
  });

  it('uses a kept bundle as long as none of its sources has changed', () => {
    expect(run()).toBe('first one two');
    markKept();
    expect(run()).toBe('kept');
    write('part.ts', `export const text: string = 'second';`);
    expect(run()).toBe('second one two');
  });

  it.each([
    [
      'the bundle is gone',
      () => {
        rmSync(join(keptFile(), '..'), { recursive: true });
      },
    ],
    [
      'the record of its files is half written',
      () => {
        writeFileSync(recordFile(), '{"bundle":');
      },
    ],
    [
      'the record of its files is gone',
      () => {
        rmSync(recordFile());
      },
    ],
  ])('bundles again if %s', (_, break_) => {
    expect(run()).toBe('first one two');
    break_();
    expect(run()).toBe('first one two');
  });

  it('writes no record if a file changed after the bundling began', () => {
    const inAnHour = new Date(Date.now() + 3_600_000);
    utimesSync(join(folder, 'part.ts'), inAnHour, inAnHour);
    expect(run()).toBe('first one two');
    expect(ofThisEntry()).not.toContain(`${name}.json`);
  });
});
