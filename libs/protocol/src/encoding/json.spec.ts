import fc from 'fast-check';
import { LIMITS } from '../limits';
import { decodeJson } from './json';

const parse = (text: string) => decodeJson(Buffer.from(text));
const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

describe('JSON', () => {
  it('may be nested up to the limit, in arrays and in objects', () => {
    expect(parse(nested(LIMITS.maxDepth))).toBeDefined();
    expect(() => parse(nested(LIMITS.maxDepth + 1))).toThrow(
      expect.objectContaining({
        code: 'malformed_body',
        message: expect.stringContaining('deeper') as string,
      }) as Error,
    );
    expect(() => parse('{"a":'.repeat(LIMITS.maxDepth + 1))).toThrow(
      expect.objectContaining({ message: expect.stringContaining('deeper') as string }) as Error,
    );
  });

  it.each(['"[[[[[[[[[[[["', String.raw`"\"[[[[[[[[[[[["`, String.raw`["\\","\\\"[[[[[[[[[[[[","{{{{{{{{{{{{"]`])(
    'does not count brackets inside text: %s',
    (text) => {
      expect(parse(text)).toEqual(JSON.parse(text));
    },
  );

  it.each([String.raw`"\\"[[[[[[[[[[`, '"unclosed [[[[[[[[[['])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'malformed_body' }) as Error);
  });

  it.each([
    ['at the top', '{"a":1,"b":2,"a":3}'],
    ['in an object in a list in an object', '{"a":[{"b":{"c":1,"c":1}}]}'],
    ['with white space before the colon', '{"a" :1,"a"\n\t:2}'],
    ['one of them escaped', String.raw`{"a":1,"\u0061":2}`],
    ['named __proto__', '{"__proto__":1,"__proto__":2}'],
    ['with a quote in the name', String.raw`{"\"":1,"\"":2}`],
    ['empty', '{"":1,"":2}'],
  ])('refuses two members with the same name, %s', (_name, text) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'malformed_body',
        message: expect.stringContaining('same name') as string,
      }) as Error,
    );
  });

  it.each(['[{"a":1},{"a":2}]', '{"a":{"a":1},"b":{"a":1}}', '{"a":"a","b":["a","a"],"c":"\\"a\\":"}', '"a:"'])(
    'accepts the same name in different objects, and as text: %s',
    (text) => {
      expect(parse(text)).toEqual(JSON.parse(text));
    },
  );

  it('reads any JSON to the same value as JSON.parse', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses a byte order mark, and asks for JSON without one', () => {
    expect(() => parse('\ufeff{}')).toThrow(/byte order mark.*without one/);
  });

  it('keeps U+FEFF inside text, and refuses bytes that are not UTF-8', () => {
    expect(parse('"\ufeffa"')).toBe('\ufeffa');
    expect(() => decodeJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(
      expect.objectContaining({ code: 'malformed_body' }) as Error,
    );
  });
});
