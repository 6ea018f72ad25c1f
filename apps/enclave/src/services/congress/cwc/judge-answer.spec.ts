import { collectGarbage } from '@communique-tee/testing/harness';
import { judgeAnswer } from './judge-answer';

const refusal = (text: string, secret = 'the-secret-key') =>
  judgeAnswer({ status: 400, body: Buffer.from(text) }, true, secret).detail;

describe('the text that explains a refusal', () => {
  it('never contains our API key, in whatever form the chamber repeats it', () => {
    const secret = 'key/with+odd&signs=';
    const echoes = [secret, encodeURIComponent(secret), secret.replace('&', '&amp;')];
    for (const echo of echoes) expect(refusal(`no such key: ${echo} !`, secret)).toBe('no such key: *** !');
    expect(refusal(`<p>/v2/message?apikey=${encodeURIComponent(secret)}</p>`, secret)).toBe('/v2/message?apikey=***');
  });

  it('is cut at 500 characters, never in the middle of a character', () => {
    expect(refusal('x'.repeat(700))).toHaveLength(500);
    expect(refusal(`${'x'.repeat(499)}\u{1f5fd}`)).toBe('x'.repeat(499));
    expect(refusal('<p> </p>')).toBeNull();
  });

  it('takes the memory of 500 characters while it is remembered, not the memory of the whole answer', () => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const details = Array.from({ length: 500 }, (_, i) => refusal(`${String(i)} ${'a word '.repeat(9000)}`));
    collectGarbage();
    expect((process.memoryUsage().heapUsed - before) / details.length).toBeLessThan(10_000);
    expect(details).toHaveLength(500);
  });
});
