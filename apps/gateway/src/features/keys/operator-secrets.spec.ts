import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { MAX_SECRETS } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { Logger } from '../../core/telemetry/logger';
import { OperatorSecrets } from './operator-secrets';

const CANARY = 'xSesamex';

describe('the file of the operator’s secrets', () => {
  let folder: TemporaryFolder;
  let path: string;
  let lines: string[];
  let secrets: OperatorSecrets;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = folder.file('secrets.json');
    lines = [];
    secrets = new OperatorSecrets(
      { keys: { intervalMs: 1000, secretsFile: path } },
      new Logger({ log: { level: 'debug' } }, { write: (line) => void lines.push(line) }),
    );
  });
  afterEach(() => folder.remove());

  const bytes = (length = 200) => new Uint8Array(randomBytes(length));
  const base64 = (value: Uint8Array) => Buffer.from(value).toString('base64');
  const write = (content: unknown) => writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  const codes = () =>
    lines.map((line) => (JSON.parse(line) as { code?: string }).code).filter((code) => code !== undefined);

  it('that is not configured holds no secrets', async () => {
    const none = new OperatorSecrets(
      { keys: { intervalMs: 1000 } },
      new Logger({ log: { level: 'silent' } }, { write: () => undefined }),
    );
    expect((await none.current()).size).toBe(0);
  });

  it('is read', async () => {
    const [house, ai] = [bytes(), bytes(6144)];
    await write({ 'cwc-house': base64(house), ai: base64(ai) });
    expect(await secrets.current()).toEqual(
      new Map([
        ['cwc-house', house],
        ['ai', ai],
      ]),
    );
  });

  it('may be created after the start, is read again when it is replaced, and stays in use when it is removed', async () => {
    expect((await secrets.current()).size).toBe(0);
    expect(codes()).toEqual(['ENOENT']);
    const [first, second] = [bytes(), bytes()];
    await write({ a: base64(first) });
    expect(await secrets.current()).toEqual(new Map([['a', first]]));
    await writeFile(`${path}.new`, JSON.stringify({ a: base64(second) }));
    await rename(`${path}.new`, path);
    expect(await secrets.current()).toEqual(new Map([['a', second]]));
    await rm(path);
    expect(await secrets.current()).toEqual(new Map([['a', second]]));
    expect(await secrets.current()).toEqual(new Map([['a', second]]));
    expect(codes()).toEqual(['ENOENT', 'ENOENT']); // each absence is logged once
  });

  it.each<[string, unknown]>([
    ['noise', randomBytes(100).toString('latin1')],
    ['nothing', ''],
    ['a list', [CANARY]],
    ['a name with capitals and a space', { [`${CANARY} House`]: 'AAAA' }],
    ['the name __proto__', '{"__proto__":"AAAA"}'],
    ['a number as a secret', { a: 1 }],
    ['an empty secret', { a: '' }],
    ['text that is not base64', { a: `${CANARY}!` }],
    ['base64 of another alphabet', { a: '-_-_' }],
    ['base64 with bits to spare', { a: 'AB==' }],
    ['a secret that is too long', { a: base64(bytes(6145)) }],
    [
      'too many secrets',
      Object.fromEntries(Array.from({ length: MAX_SECRETS + 1 }, (_, at) => [`a${String(at)}`, 'AAAA'])),
    ],
    ['more bytes than are allowed', ' '.repeat(192 * 1024 + 1)],
  ])('that holds %s is not used, and no part of it is in the log', async (_name, content) => {
    const good = bytes();
    await write({ a: base64(good) });
    await secrets.current();
    await write(content);
    expect(await secrets.current()).toEqual(new Map([['a', good]]));
    expect(codes()).toEqual(['secrets_file_invalid']);
    expect(lines.join('')).not.toContain('esame');
    await write({ a: base64(good), b: base64(good) });
    expect((await secrets.current()).size).toBe(2);
  });

  it('that is a pipe is refused at once', async () => {
    execFileSync('mkfifo', [path]);
    expect((await secrets.current()).size).toBe(0);
    expect(codes()).toEqual(['secrets_file_invalid']);
  });
});
