import { measurementsInAddress, readMeasurements } from './measurements';

const A = 'ab'.repeat(48);
const B = '12'.repeat(48);

describe('what a person gives as the image they trust', () => {
  it.each([
    [A],
    [A.toUpperCase()],
    [`  sha384:${A}\n`],
    [A.replace(/(.{8})/g, '$1 ')],
    [JSON.stringify({ $comment: 'x', pcr0: A, pcr1: B })],
    [`${A},${A}`],
  ])('may be %p', (text) => {
    expect(readMeasurements(text)).toEqual({ ok: true, pcr0s: [A] });
  });

  it('may be several', () => {
    expect(readMeasurements(`${A}, ${B}`)).toEqual({ ok: true, pcr0s: [A, B] });
  });

  it.each<[string, RegExp]>([
    ['', /Type a PCR0/],
    ['ab', /96 hexadecimal/],
    [`${A}x`, /96 hexadecimal/],
    ['g'.repeat(96), /96 hexadecimal/],
    ['0'.repeat(96), /debug/],
    ['{', /not JSON/],
    ['{"pcr1":"x"}', /no pcr0/],
    ['{"pcr0":7}', /no pcr0/],
    [`{"pcr0":"${'0'.repeat(96)}"}`, /debug/],
    ['a'.repeat(20_000), /too long/],
    [Array.from({ length: 9 }, (_, at) => `${A.slice(1)}${String(at)}`).join(' '), /too many/],
  ])('is refused as %p', (text, problem) => {
    expect(readMeasurements(text)).toEqual({ ok: false, problem: expect.stringMatching(problem) as string });
  });

  it('comes out of the fragment first, then the query', () => {
    expect(measurementsInAddress(`#pcr0=${A}`, `?pcr0=${B}`)).toEqual({ ok: true, pcr0s: [A] });
    expect(measurementsInAddress('', `?pcr0=${B}`)).toEqual({ ok: true, pcr0s: [B] });
    expect(measurementsInAddress('#field-x', '?x=1')).toBeUndefined();
    expect(measurementsInAddress('#pcr0=1', '')).toMatchObject({ ok: false });
  });
});
