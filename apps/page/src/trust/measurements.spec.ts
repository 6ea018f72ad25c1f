import { measurementsInAddress, readMeasurements, textOf } from './measurements';

const A = 'ab'.repeat(48);
const B = '12'.repeat(48);
const C = '34'.repeat(48);
describe('what a person gives as the image they trust', () => {
  it.each([
    [A],
    [A.toUpperCase()],
    [`  sha384:${A}\n`],
    [A.replace(/(.{8})/g, '$1 ')],
    [JSON.stringify({ $comment: 'x', pcr0: A, pcr1: B })],
    [JSON.stringify({ Measurements: { HashAlgorithm: 'Sha384 { ... }', PCR0: A, PCR1: B, PCR2: C } })],
    [`${A},${A}`],
  ])('may be %p', (text) => {
    expect(readMeasurements(text, B)).toEqual({ ok: true, accepted: { pcr0s: [A], operator: [B] } });
  });

  it('may be several', () => {
    expect(readMeasurements(`${A}, ${B}`, C)).toEqual({ ok: true, accepted: { pcr0s: [A, B], operator: [C] } });
  });

  it('may be the policy of one operator', () => {
    const policy = (...sets: object[]) => JSON.stringify({ acceptedMeasurements: sets });
    expect(readMeasurements(policy({ pcr0: A, pcr3: C }, { pcr0: B, pcr3: C }), '')).toEqual({
      ok: true,
      accepted: { pcr0s: [A, B], operator: [C] },
    });
    expect(readMeasurements(policy({ pcr0: A, pcr3: C }, { pcr0: A, pcr3: B }), '')).toMatchObject({
      ok: false,
      field: 'pcr0',
      problem: expect.stringContaining('more than one operator') as string,
    });
    // Only the person can say that any operator will do
    expect(readMeasurements(policy({ pcr0: A, operator: 'any' }), '')).toEqual({
      ok: true,
      accepted: { pcr0s: [A], operator: undefined },
    });
  });

  it.each<[string, RegExp]>([
    ['', /Type a PCR0/],
    ['ab', /96 hexadecimal/],
    [`${A}x`, /96 hexadecimal/],
    ['g'.repeat(96), /96 hexadecimal/],
    ['0'.repeat(96), /debug/],
    ['{', /not JSON/],
    ['{"pcr1":"x"}', /none of pcr0/],
    ['{"pcr0":7}', /missing or not 96/],
    [`{"pcr0":"${'0'.repeat(96)}"}`, /debug/],
    ['a'.repeat(20_000), /too long/],
    [Array.from({ length: 9 }, (_, at) => `${A.slice(1)}${String(at)}`).join(' '), /8 values/],
  ])('is refused as %p', (text, problem) => {
    expect(readMeasurements(text, B)).toEqual({
      ok: false,
      field: 'pcr0',
      problem: expect.stringMatching(problem) as string,
    });
  });
});

describe('what a person gives as the operator they trust', () => {
  it.each<[string, readonly string[] | undefined]>([
    [B, [B]],
    [B.replace(/(.{8})/g, '$1 '), [B]],
    [`${B} ${C}`, [B, C]],
    ['', undefined],
  ])('may be %p', (text, operator) => {
    expect(readMeasurements(A, text)).toEqual({ ok: true, accepted: { pcr0s: [A], operator } });
  });

  it('may be any, when the person says so', () => {
    expect(readMeasurements(A, '', true)).toEqual({ ok: true, accepted: { pcr0s: [A], operator: 'any' } });
  });

  it.each<[string, RegExp]>([
    ['any', /96 hexadecimal/],
    ['0'.repeat(96), /without a role/],
    ['arn:aws:iam::123456789012:role/Webserver', /96 hexadecimal/],
  ])('is refused as %p', (text, problem) => {
    expect(readMeasurements(A, text)).toEqual({
      ok: false,
      field: 'operator',
      problem: expect.stringMatching(problem) as string,
    });
  });
});

describe('the address of the page', () => {
  it('gives image and operator out of the fragment first, then the query', () => {
    const accepted = { pcr0s: [A], operator: [C] } as const;
    expect(measurementsInAddress(`#pcr0=${A}&pcr3=${C}`, `?pcr0=${B}`)).toEqual({ ok: true, accepted });
    expect(measurementsInAddress('', `?pcr0=${B}`)).toEqual({
      ok: true,
      accepted: { pcr0s: [B], operator: undefined },
    });
    expect(measurementsInAddress('#field-x', '?x=1')).toBeUndefined();
    expect(measurementsInAddress(`#pcr3=${C}`, '')).toBeUndefined();
    expect(measurementsInAddress('#pcr0=1', '')).toMatchObject({ ok: false });
    expect(measurementsInAddress(`#pcr0=${A}&pcr3=1`, '')).toMatchObject({ ok: false, field: 'operator' });
  });

  it.each([
    { pcr0s: [A, B], operator: [C] },
    { pcr0s: [A], operator: 'any' },
    { pcr0s: [A], operator: undefined },
  ] as const)('takes back what it was made of (%#)', (accepted) => {
    expect(measurementsInAddress(`#${textOf(accepted)}`, '')).toEqual({ ok: true, accepted });
  });
});
