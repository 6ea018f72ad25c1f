import { encodeCanonical } from '../encoding/cbor';
import {
  encodeCongressMessage,
  parseCongressMessage,
  validateCongressMessage,
  type CongressMessage,
} from './congress-message';
import { TOPICS } from './cwc-vocabulary';
import { CHAMBERS, CHAMBER_KEYS, chamberOf, hasOfficeForm } from './chambers';
import { STATES } from './offices';
import { FIELD_MODULUS } from '../encoding/field-element';
import { fromHex } from '../encoding/text';

const valid = (): CongressMessage => ({
  version: 1,
  deliverySecret: new Uint8Array(32).fill(7),
  offices: ['HCA12', 'SCA01', 'SCA03'],
  constituent: {
    prefix: 'Ms.',
    firstName: 'Test',
    lastName: 'Person',
    address1: '1 Test Street',
    city: 'Oakland',
    state: 'CA',
    zip: '94601',
    email: 'person@test.example',
  },
  message: { subject: 'Clean water', body: 'Please keep the water clean.', topics: ['Health'] },
  campaignId: 'c1',
  proof: null,
});

const opening: CongressMessage['proof'] = {
  district: '120-CA-12',
  delivery: new Uint8Array(32).fill(1),
  blinding: new Uint8Array(32).fill(2),
  campaign: 'communique-tee campaign v1\ntest\n\n— test AAAA\n',
};

/** The valid message with the value at `path` replaced, or removed if `value` is undefined. */
function changed(path: string, value: unknown): unknown {
  const copy: Record<string, unknown> = {
    ...valid(),
    constituent: { ...valid().constituent },
    message: { ...valid().message },
  };
  const names = path.split('/').slice(1);
  const last = names.pop() ?? '';
  const target = names.reduce((here, name) => here[name] as Record<string, unknown>, copy);
  if (value === undefined) Reflect.deleteProperty(target, last);
  else target[last] = value;
  return copy;
}

const problemsOf = (value: unknown) => {
  const result = validateCongressMessage(value);
  return result.ok ? [] : result.problems.map(({ pointer, code }) => `${pointer} ${code}`);
};

describe('a message to Congress', () => {
  it('keeps the values that open its claim when it is encoded and decoded', () => {
    const message: CongressMessage = { ...valid(), proof: opening };
    expect(parseCongressMessage(encodeCongressMessage(message))).toEqual({ ok: true, message });
  });

  it.each<[string, unknown, string]>([
    ['district', 'MT-01', 'invalid'],
    ['district', '120-MT-1', 'invalid'],
    ['district', '120-mt-01', 'invalid'],
    ['district', '120-MT-01\n', 'invalid'],
    ['delivery', new Uint8Array(31), 'invalid'],
    ['delivery', new Uint8Array(32).fill(255), 'invalid'],
    ['delivery', 'ab'.repeat(32), 'invalid'],
    ['blinding', fromHex(FIELD_MODULUS.toString(16)), 'invalid'],
    ['blinding', null, 'invalid'],
    ['campaign', '', 'too_short'],
    ['campaign', 'x'.repeat(401), 'too_long'],
    ['campaign', 'é'.repeat(201), 'too_long'],
    ['campaign', 'x\r\n', 'invalid'],
    ['campaign', undefined, 'required'],
    ['secret', new Uint8Array(32), 'unknown_field'],
  ])('is refused if its proof has the %s %p: %s', (name, value, rule) => {
    const result = validateCongressMessage({ ...valid(), proof: { ...opening, [name]: value } });
    const pointer = name === 'secret' ? '/proof' : `/proof/${name}`;
    expect(result).toMatchObject({ ok: false, problems: [{ pointer, code: rule }] });
  });

  it('is unchanged after encoding and decoding, and absent fields stay absent', () => {
    const message: CongressMessage = {
      ...valid(),
      responseRequested: false,
      message: { ...valid().message, stance: 'pro', bills: [{ congress: 119, type: 'hr', number: 1 }] },
    };
    expect(parseCongressMessage(encodeCongressMessage(message))).toEqual({ ok: true, message });
    expect(encodeCongressMessage({ ...message, newsletterOptIn: undefined } as unknown as CongressMessage)).toEqual(
      encodeCongressMessage(message),
    );
  });

  it.each([
    '/deliverySecret',
    '/offices',
    '/constituent',
    '/constituent/prefix',
    '/constituent/firstName',
    '/constituent/lastName',
    '/constituent/address1',
    '/constituent/city',
    '/constituent/state',
    '/constituent/zip',
    '/constituent/email',
    '/message',
    '/message/subject',
    '/message/body',
    '/message/topics',
    '/campaignId',
  ])('is refused without %s, which has no default', (path) => {
    expect(problemsOf(changed(path, undefined))).toEqual([`${path} required`]);
  });

  it.each<[string, unknown, string]>([
    ['/constituent/prefix', '', 'too_short'],
    ['/constituent/prefix', ' \u00a0', 'too_short'],
    ['/constituent/city', '\u{1f5fd}\u{1f5fd}', 'too_short'],
    ['/constituent/address2', 'ab', 'too_short'],
    ['/constituent/city', 'x'.repeat(501), 'too_long'],
    ['/constituent/city', 'a\u0000bc', 'invalid_characters'],
    ['/constituent/city', 'half \ud83d', 'invalid_characters'],
    ['/constituent/state', 'ZZ', 'invalid'],
    ['/constituent/zip', '9460', 'invalid'],
    ['/constituent/zip', '94601\n', 'invalid'],
    ['/constituent/phone', '5105550100', 'invalid'],
    ['/constituent/email', 'a@b', 'invalid'],
    ['/constituent/email', 'a@b@c.d', 'invalid'],
    ['/message/subject', 'Short', 'too_short'],
    ['/message/subject', '\u{1f5fd}'.repeat(5), 'too_short'],
    ['/message/body', 'x'.repeat(10_001), 'too_long'],
    ['/message/topics', [], 'too_short'],
    ['/message/stance', 'Pro', 'invalid'],
    ['/message/moreInfo', 'javascript:alert(1)', 'invalid'],
    ['/message/moreInfo', 'https://example.org/%zz', 'invalid'],
    ['/message/moreInfo', 'https://example.org:99999/', 'invalid'],
    ['/message/moreInfo', 'https://user@example.org/', 'invalid'],
    ['/campaignId', 'x', 'too_short'],
    ['/offices', [], 'too_short'],
    ['/offices', ['HCA12', 'HCA12'], 'repeated'],
    ['/offices', ['HCA12', 'SCA01', 'SCA02', 'SCA03', 'HCA13'], 'too_long'],
    ['/proof', 'proven', 'invalid'],
    ['/deliverySecret', new Uint8Array(31), 'invalid'],
    ['/responseRequested', 'yes', 'invalid'],
    ['/version', 2, 'invalid'],
  ])('is refused if %s has the value %p: %s', (path, value, code) => {
    expect(problemsOf(changed(path, value))).toContain(`${path} ${code}`);
  });

  it.each(['HCA1', 'HCA123', 'SCA04', 'SCA00', 'XCA01', 'hca12', 'HCA12\n', 'H!A12', ''])(
    'refuses the office %p because of its form',
    (office) => {
      expect(hasOfficeForm(office)).toBe(false);
      expect(problemsOf(changed('/offices', [office]))).toEqual(['/offices/0 invalid']);
    },
  );

  it.each(['HZZ99', 'HCA53', 'HCA00', 'SCA02', 'SDC01', 'HDC98', 'HAS00'])(
    'refuses %s, which does not exist',
    (office) => {
      expect(hasOfficeForm(office)).toBe(true);
      expect(problemsOf(changed('/offices', ['HCA12', office]))).toEqual(['/offices/1 no_such_office']);
    },
  );

  it('refuses an office of another state than the address, and lists the offices of that address', () => {
    const result = validateCongressMessage({
      ...valid(),
      offices: ['HOH03', 'HCA12', 'SCA01'],
      constituent: { ...valid().constituent, state: 'OH' },
    });
    const message = (at: number) =>
      `/offices/${String(at)}: is an office of another state than the address; an address in OH has HOH01 to HOH15 (House), SOH01 and SOH03 (Senate)`;
    expect(result).toEqual({
      ok: false,
      offices: ['HOH03', 'HCA12', 'SCA01'],
      problems: [
        { pointer: '/offices/1', code: 'other_state', message: message(1) },
        { pointer: '/offices/2', code: 'other_state', message: message(2) },
      ],
    });
  });

  it('checks the offices even if the address and other fields are wrong', () => {
    const broken = { ...valid().constituent, zip: 'x' };
    expect(problemsOf({ ...valid(), offices: ['HZZ99', 'SNY01'], constituent: broken })).toEqual([
      '/constituent/zip invalid',
      '/offices/0 no_such_office',
      '/offices/1 other_state',
    ]);
    expect(problemsOf({ ...valid(), offices: ['HZZ99', 'SNY01'], constituent: { ...broken, state: 'ZZ' } })).toEqual([
      '/constituent/state invalid',
      '/constituent/zip invalid',
      '/offices/0 no_such_office',
    ]);
    expect(problemsOf({ offices: ['HZZ99'] })).toContain('/offices/0 no_such_office');
    for (const offices of [undefined, null, 'HZZ99', {}, [7], [null]])
      expect(problemsOf({ ...valid(), offices })[0]).toMatch(/^\/offices(\/0)? (required|invalid)$/);
  });

  it.each(['https://example.org', 'http://example.org:8080/a/b?c=d&e=%20#f', 'https://example.org/?q'])(
    'may have the web address %s',
    (address) => {
      expect(problemsOf(changed('/message/moreInfo', address))).toEqual([]);
    },
  );

  it.each<[string, unknown, RegExp]>([
    ['/constituent/phone', '5105550100', /ten digits.*202-555-0100/],
    ['/constituent/state', 'California', /two capital letters.*CA/],
    ['/constituent/zip', '9460', /five digits.*94601 or 94601-1234/],
    ['/constituent/zip', undefined, /missing.*five digits/],
    ['/constituent/email', 'person', /name@example\.org/],
    ['/message/moreInfo', 'https://example.org/[1]', /percent-encoded.*%5B/],
    ['/message/topics', ['health'], /topics exactly as.*Health/],
    ['/message/stance', 'Pro', /pro or con/],
    ['/message/bills', [{ congress: 0, type: 'hr', number: 1 }], /number of a Congress, such as 119/],
    ['/message/bills', [{ congress: 119, type: 'HR', number: 1 }], /hamdt, hconres/],
    ['/message/topics', [], /at least 1 entry/],
    ['/message/body', 'x'.repeat(10_001), /at most 10,000 characters/],
    ['/constituent/firstName', '\u200b', /at least 1 character;.*cannot be seen do not count/],
    ['/constituent/firstName', 7, /must be text/],
    ['/responseRequested', 'yes', /true or false/],
  ])('tells what to write for %s', (path, value, help) => {
    const result = validateCongressMessage(changed(path, value));
    const [problem, ...others] = result.ok ? [] : result.problems;
    expect(problem?.message).toMatch(help);
    expect(problem?.message.startsWith(path)).toBe(true);
    expect(others).toEqual([]);
  });

  it('lists no more problems than fit into the smallest answer', () => {
    const bills = Array.from({ length: 20 }, () => ({ congress: 0, type: 'x'.repeat(99), number: 'y' }));
    const result = validateCongressMessage({
      ...valid(),
      offices: ['!', '?', '-', '+'],
      constituent: {},
      message: { bills, topics: Array(32).fill('x') },
    });
    const problems = result.ok ? [] : result.problems;
    expect(problems.length).toBeGreaterThan(20);
    // The rest of the answer is four offices, each with a reason and no detail
    expect(encodeCanonical(problems).length).toBeLessThan(6500);
  });

  it('must have the person’s own words or a statement of the organization', () => {
    const { body: _body, ...words } = valid().message;
    const message = { ...words, organizationStatement: 'The organization asks for clean water.' };
    expect(problemsOf({ ...valid(), message })).toEqual([]);
    expect(problemsOf({ ...valid(), message: words })).toEqual(['/message/body required']);
    expect(problemsOf({ ...valid(), message: { topics: 1 } })).toContain('/message/body required');
  });

  it('may name the organization behind the campaign, with the details that Congress accepts', () => {
    const contact = { name: 'Test Contact', email: 'org@test.example', phone: '202-555-0101' };
    const organization = { name: 'Test organization', about: 'It is for clean water.', contact };
    const message = validateCongressMessage({ ...valid(), organization });
    expect(message).toMatchObject({ ok: true, message: { organization } });
    expect(problemsOf({ ...valid(), organization: { name: 'Test organization', contact: {} } })).toEqual([]);
    for (const [wrong, problems] of [
      [{}, ['/organization/name required']],
      ['Test organization', ['/organization invalid']],
      [{ name: 'Short' }, ['/organization/name too_short']],
      [{ ...organization, contact: { fax: 1 } }, ['/organization/contact unknown_field']],
    ] as const)
      expect(problemsOf({ ...valid(), organization: wrong })).toEqual(problems);
  });

  it('refuses an unknown field', () => {
    expect(problemsOf({ ...valid(), extra: 1 })).toEqual([' unknown_field']);
    expect(problemsOf(changed('/constituent/ssn', '1'))).toEqual(['/constituent unknown_field']);
  });

  it('lists everything that is wrong, without the values', () => {
    const result = validateCongressMessage({
      ...valid(),
      campaignId: '!',
      constituent: { ...valid().constituent, zip: 'geheim', city: '' },
    });
    expect(result).toMatchObject({ ok: false, offices: ['HCA12', 'SCA01', 'SCA03'] });
    expect(JSON.stringify(result)).not.toMatch(/geheim|!/);
    expect(problemsOf({ ...valid(), campaignId: '!', constituent: { ...valid().constituent, zip: 'geheim' } })).toEqual(
      ['/constituent/zip invalid', '/campaignId too_short'],
    );
  });

  it('keeps the valid offices of a message that is not valid', () => {
    const result = validateCongressMessage({ offices: ['HCA12', 'HCA12', 'nonsense', 7, 'SCA01'] });
    expect(result).toMatchObject({ ok: false, offices: ['HCA12', 'SCA01'] });
  });

  it.each<[string, Uint8Array]>([
    ['empty', new Uint8Array()],
    ['not CBOR', Uint8Array.of(0xff, 0x00)],
    ['more than one item', Uint8Array.of(0, 0)],
    ['longer than the limit', new Uint8Array(300_000)],
    ['a deeply nested array', new Uint8Array(1000).fill(0x81)],
  ])('is malformed if it is %s', (_name, bytes) => {
    expect(parseCongressMessage(bytes)).toMatchObject({ ok: false, offices: [], problems: [{ code: 'malformed' }] });
  });

  it('is refused if it is an array, null, a number or text', () => {
    for (const value of [[], null, 7, 'x'])
      expect(parseCongressMessage(encodeCanonical(value))).toMatchObject({ ok: false });
  });
});

describe('the vocabulary', () => {
  it('has the 56 states and territories and the 32 topics, each once', () => {
    expect(new Set(STATES).size).toBe(56);
    expect(new Set(TOPICS).size).toBe(32);
  });

  it('gives each office to exactly one chamber', () => {
    expect([chamberOf('HCA12'), chamberOf('SCA01')]).toEqual(['house', 'senate']);
    expect(() => chamberOf('XCA01')).toThrow(RangeError);
    for (const office of ['HCA12', 'HAL00', 'SCA01', 'SCA03'])
      expect(CHAMBER_KEYS.filter((key) => CHAMBERS[key].office.test(office))).toHaveLength(1);
  });
});
