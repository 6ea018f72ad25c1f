import { LIMITS } from '../limits';
import { decodeJson } from './json';

const parse = (text: string) => decodeJson(Buffer.from(text));
const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

describe('JSON', () => {
  it('may be nested as deep as the limit and no deeper, arrays and objects alike', () => {
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
    'counts no bracket inside of text: %s',
    (text) => {
      expect(parse(text)).toEqual(JSON.parse(text));
    },
  );

  it.each([String.raw`"\\"[[[[[[[[[[`, '"unclosed [[[[[[[[[['])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'malformed_body' }) as Error);
  });
});
