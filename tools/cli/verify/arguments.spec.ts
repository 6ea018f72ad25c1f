import { readFileSync } from 'node:fs';
import { parseArguments } from './arguments';

const pcr0 = 'ab'.repeat(48);
const nonce = '01'.repeat(16);

describe('the arguments of verify', () => {
  it('have defaults: a fresh nonce for a URL, five minutes, now, the AWS root', () => {
    expect(parseArguments(['https://example.org', '--pcr0', pcr0])).toEqual({
      source: 'https://example.org',
      trust: { pcr0: [pcr0], custody: undefined, maxAgeMs: 300_000, developmentRootPem: undefined },
      nonce: 'fresh',
      at: undefined,
      json: false,
    });
  });

  it('are all understood', () => {
    const argv = [
      'file',
      '--pcr0',
      `${pcr0}, sha384:${pcr0.toUpperCase()}`,
      '--pcr0',
      `0x${pcr0}`,
      '--nonce',
      nonce,
      '--max-age',
      '60',
      '--at',
      '2026-11-22T09:30:00+01:00',
      '--custody',
      'process,arn:aws:kms:us-east-1:1:alias/a',
      '--development-root',
      __filename,
      '--json',
    ];
    expect(parseArguments(argv)).toEqual({
      source: 'file',
      trust: {
        pcr0: [pcr0, pcr0, pcr0],
        custody: ['process', 'arn:aws:kms:us-east-1:1:alias/a'],
        maxAgeMs: 60_000,
        developmentRootPem: readFileSync(__filename, 'utf8'),
      },
      nonce: new Uint8Array(16).fill(1),
      at: new Date('2026-11-22T08:30:00Z'),
      json: true,
    });
    expect(parseArguments(['file', '--pcr0', pcr0, '--no-nonce'])).toMatchObject({ nonce: 'none' });
  });

  it.each([
    ['no source', ['--pcr0', pcr0]],
    ['two sources', ['a', 'b', '--pcr0', pcr0, '--no-nonce']],
    ['no PCR0', ['https://example.org']],
    ['an empty PCR0', ['https://example.org', '--pcr0', '']],
    ['a PCR0 too short', ['https://example.org', '--pcr0', pcr0.slice(2)]],
    ['a SHA-256', ['https://example.org', '--pcr0', `sha256:${'ab'.repeat(32)}`]],
    ['a list with a hole', ['https://example.org', '--pcr0', `${pcr0},,${pcr0}`]],
    ['a zero PCR0', ['https://example.org', '--pcr0', '00'.repeat(48)]],
    ['a file without a word on the nonce', ['file', '--pcr0', pcr0]],
    ['both words on the nonce', ['file', '--pcr0', pcr0, '--nonce', nonce, '--no-nonce']],
    ['a nonce that can be guessed', ['file', '--pcr0', pcr0, '--nonce', '01']],
    ['a nonce of half a byte too much', ['file', '--pcr0', pcr0, '--nonce', nonce + '0']],
    ['a nonce that is no hexadecimal number', ['file', '--pcr0', pcr0, '--nonce', 'zz'.repeat(16)]],
    ['an age that is no number', ['file', '--pcr0', pcr0, '--no-nonce', '--max-age', '1h']],
    ['an endless age', ['file', '--pcr0', pcr0, '--no-nonce', '--max-age', 'Infinity']],
    ['a time without an offset', ['file', '--pcr0', pcr0, '--no-nonce', '--at', '2026-11-22T09:30:00']],
    ['a time that does not exist', ['file', '--pcr0', pcr0, '--no-nonce', '--at', '2026-13-22T09:30:00Z']],
    ['a custody that is none', ['file', '--pcr0', pcr0, '--no-nonce', '--custody', 'nobody']],
    ['an option that is not there', ['file', '--pcr0', pcr0, '--no-nonce', '--accept-anything']],
  ])('with %s are a mistake', (_, argv) => {
    expect(() => parseArguments(argv)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
