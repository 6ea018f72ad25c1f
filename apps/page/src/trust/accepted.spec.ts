import { addressOf, areSame, namesInAddress, readAccepted, readNames, withoutNames, type Accepted } from './accepted';

const A = 'ab'.repeat(48);
const B = '12'.repeat(48);
const C = '34'.repeat(48);
const D = '56'.repeat(48);
const json = (value: object) => JSON.stringify(value);

describe('the image and operator that a person enters', () => {
  it.each([
    [A],
    [A.toUpperCase()],
    [`  sha384:${A}\n`],
    [A.replace(/(.{8})/g, '$1 ')],
    [json({ $comment: 'x', pcr0: A })],
    [json({ Measurements: { HashAlgorithm: 'Sha384 { ... }', PCR0: A } })],
    [`${A},${A}`],
  ])('contain an image: %p', (text) => {
    expect(readAccepted(text, B)).toEqual({ ok: true, value: [{ pcr0: A, pcr3: B }] });
  });

  it('keep every register that a file names', () => {
    expect(readAccepted(json({ pcr0: A, pcr1: B, pcr8: C }), D)).toEqual({
      ok: true,
      value: [{ pcr0: A, pcr1: B, pcr8: C, pcr3: D }],
    });
  });

  it('keep the pairs of image and operator in a policy', () => {
    const policy = json({
      acceptedMeasurements: [
        { pcr0: A, pcr3: C },
        { pcr0: B, pcr3: D },
      ],
    });
    expect(readAccepted(policy, '')).toEqual({
      ok: true,
      value: [
        { pcr0: A, pcr3: C },
        { pcr0: B, pcr3: D },
      ],
    });
  });

  it('use the presumed operator if neither file nor person names one, and are refused without any operator', () => {
    expect(readAccepted(A, '', [C, D])).toEqual({
      ok: true,
      value: [
        { pcr0: A, pcr3: C },
        { pcr0: A, pcr3: D },
      ],
    });
    expect(readAccepted(A, '')).toMatchObject({ ok: false, problem: { code: 'operator_missing' } });
    expect(readAccepted(A, '', ['any'])).toMatchObject({ ok: false, problem: { code: 'operator_missing' } });
    expect(readAccepted(A, '', ['any', C])).toEqual({ ok: true, value: [{ pcr0: A, pcr3: C }] });
    expect(readAccepted(A, B, [C])).toEqual({ ok: true, value: [{ pcr0: A, pcr3: B }] });
  });

  it('may name “any” operator if the person enters it, but not in a file', () => {
    expect(readAccepted(A, 'any')).toEqual({ ok: true, value: [{ pcr0: A, operator: 'any' }] });
    const policy = json({ acceptedMeasurements: [{ pcr0: A, operator: 'any' }] });
    expect(readAccepted(policy, '')).toMatchObject({ ok: false, problem: { code: 'operator_missing' } });
  });

  it.each<[string, string, string]>([
    ['', B, 'image_missing'],
    ['ab', B, 'image_not_hex'],
    [`${A}x`, B, 'image_not_hex'],
    ['any', B, 'image_not_hex'],
    ['0'.repeat(96), B, 'debug_mode'],
    [A, 'arn:aws:iam::123456789012:role/Webserver', 'operator_not_hex'],
    [A, '0'.repeat(96), 'no_role'],
    ['{', B, 'not_json'],
    ['{"pcr0":"x","pcr0":"y"}', B, 'not_json'],
    ['{"pcr1":"x"}', B, 'not_measurements'],
    ['{"pcr0":7}', B, 'not_measurements'],
    [json({ pcr0: '0'.repeat(96) }), B, 'debug_mode'],
    [json({ acceptedMeasurements: [{ pcr0: A, pcr3: '0'.repeat(96) }] }), '', 'no_role'],
    [json({ acceptedMeasurements: [{ pcr0: A, pcr3: B }] }), C, 'operator_twice'],
    ['a'.repeat(40_000), B, 'too_long'],
    [Array.from({ length: 33 }, (_, at) => `${A.slice(2)}${String(at + 10)}`).join(' '), B, 'too_many'],
  ])('are refused if the image is %p and the operator is %p, with the code %s', (image, operator, code) => {
    expect(readAccepted(image, operator)).toMatchObject({ ok: false, problem: { code } });
  });
});

describe('the address of the page', () => {
  const read = (hash: string, search = '') => {
    const names = namesInAddress(hash, search);
    return names === undefined ? undefined : readNames(names);
  };

  it('names images and operators in pairs, in the fragment or else in the query', () => {
    expect(read(`#lang=es&pcr0=${A}&pcr3=${C}`, `?pcr0=${B}&pcr3=${D}`)).toEqual({
      ok: true,
      value: [{ pcr0: A, pcr3: C }],
    });
    expect(read('', `?pcr0=${B}&pcr3=any`)).toEqual({ ok: true, value: [{ pcr0: B, operator: 'any' }] });
    expect(read(`#pcr0=${A},${B}&pcr3=${C},${D}`)).toEqual({
      ok: true,
      value: [
        { pcr0: A, pcr3: C },
        { pcr0: B, pcr3: D },
      ],
    });
    expect(read(`#pcr0=${A},${B}&pcr3=${C}`)).toEqual({
      ok: true,
      value: [
        { pcr0: A, pcr3: C },
        { pcr0: B, pcr3: C },
      ],
    });
    expect(read('#step-2', '?campaign=x')).toBeUndefined();
  });

  it.each([
    ['no operator', `#pcr0=${A}`, 'operator_missing'],
    ['no image', `#pcr3=${A}`, 'image_missing'],
    ['an image that was cut off', `#pcr0=${A.slice(1)}&pcr3=${C}`, 'image_not_hex'],
    ['an empty image', `#pcr0=&pcr3=${C}`, 'image_missing'],
    ['two operators for three images', `#pcr0=${A},${B},${C}&pcr3=${C},${D}`, 'pairs_unequal'],
    ['operator=any in place of pcr3=any', `#pcr0=${A}&operator=any`, 'operator_missing'],
    ['& escaped as HTML', `#campaign=x&amp;pcr0=${A}&amp;pcr3=${C}`, 'image_missing'],
    ['& and = escaped', `#campaign%3Dx%26pcr0%3D${A}%26pcr3%3D${C}`, 'image_missing'],
    ['&, = and a letter of a name escaped', `#campaign%3Dx%26%70cr0%3D${A}`, 'image_missing'],
    ['names in capitals', `#PCR0=${A}&PCR3=${C}`, 'image_missing'],
    ['one name in capitals', `#pcr0=${A}&PCR3=${C}`, 'operator_missing'],
    ['semicolons', `#campaign=x; pcr0=${A}; pcr3=${C}`, 'image_missing'],
    ['spaces before its names', `#campaign=x& pcr0=${A}& pcr3=${C}`, 'image_missing'],
    ['names at the end of more than 32,768 characters', `#x=${'x'.repeat(32_768)}&pcr0=${A}&pcr3=${C}`, 'too_long'],
  ])('is refused with %s', (_, hash, code) => {
    expect(read(hash)).toMatchObject({ ok: false, problem: { code } });
    expect(read('', hash.replace('#', '?'))).toMatchObject({ ok: false, problem: { code } });
    expect(read(hash, `?pcr0=${A}&pcr3=${C}`)).toMatchObject({ ok: false, problem: { code } });
    // The person can remove these names from the address
    const dropped = withoutNames(new URL(`https://x.test/${hash}`));
    expect(namesInAddress(dropped.hash, dropped.search)).toBeUndefined();
  });

  it.each<{ accepted: Accepted }>([
    {
      accepted: [
        { pcr0: A, pcr3: C },
        { pcr0: B, pcr3: D },
      ],
    },
    {
      accepted: [
        { pcr0: A, pcr3: C },
        { pcr0: B, operator: 'any' },
      ],
    },
    { accepted: [{ pcr0: A, operator: 'any' }] },
  ])('is read back as the list that it was made from (%#)', ({ accepted }) => {
    expect(read(`#${addressOf(accepted)}`)).toEqual({ ok: true, value: accepted });
  });

  it('keeps its other parts when the person drops the images and operators', () => {
    expect(withoutNames(new URL(`https://x.test/?a=1&pcr0=${A}#campaign=y&pcr0=${A}&pcr3=${B}`)).href).toBe(
      'https://x.test/?a=1#campaign=y',
    );
    expect(withoutNames(new URL('https://x.test/#step-2')).href).toBe('https://x.test/#step-2');
  });
});

it('areSame compares lists in any order, and by every register', () => {
  const one: Accepted = [
    { pcr0: A, pcr3: C },
    { pcr0: B, operator: 'any' },
  ];
  expect(
    areSame(one, [
      { operator: 'any', pcr0: B },
      { pcr3: C, pcr0: A },
    ]),
  ).toBe(true);
  expect(areSame(one, [{ pcr0: A, pcr3: C }])).toBe(false);
  expect(areSame([{ pcr0: A, pcr3: C }], [{ pcr0: A, pcr3: C, pcr8: B }])).toBe(false);
});
