import { fullCwc, minimalCwc } from '../testing/documents';
import { judgeCwc } from './validate';

const judge = (xml: string, chamber: 'house' | 'senate' = 'house') => judgeCwc(new TextEncoder().encode(xml), chamber);
const errorsOf = (xml: string) => {
  const judgement = judge(xml);
  return judgement.valid ? [] : judgement.errors;
};

describe('the judge of CWC documents', () => {
  it('takes the least and the most that the schema has, and tells id and office', () => {
    expect(judge(minimalCwc())).toEqual({
      valid: true,
      deliveryId: 'A1b2C3d4E5f6A1b2C3d4E5f6A1b2C3d4',
      office: 'HCA12',
    });
    expect(judge(fullCwc())).toMatchObject({ valid: true });
  });

  it("knows the Senate's offices from the House's", () => {
    expect(judge(minimalCwc({ office: 'SCA03' }), 'senate')).toMatchObject({ valid: true, office: 'SCA03' });
    for (const office of ['SCA04', 'SCA00', 'SCA1', 'HCA01', 'SCA011'])
      expect(judge(minimalCwc({ office }), 'senate').valid).toBe(false);
  });

  it('names place and rule, and never the value', () => {
    const errors = errorsOf(minimalCwc({ subject: 'Kurz', prefix: '', deliveryId: 'geheim' }));
    expect(errors).toEqual([
      'CWC/Delivery/DeliveryId: not of the required form',
      'CWC/Constituent/Prefix: shorter than 1 characters',
      'CWC/Message/Subject: shorter than 6 characters',
    ]);
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another root', '<Cwc/>'],
    ['an empty root', '<CWC/>'],
    ['an open element', '<CWC>'],
    ['two roots', `${minimalCwc()}<CWC/>`],
    ['an unknown entity', minimalCwc({ prefix: '&nbsp;' })],
    ['a NUL by reference', minimalCwc({ prefix: '&#0;' })],
    ['a control character', minimalCwc({ prefix: '\u0001' })],
    ['an attribute twice', minimalCwc().replace('<CWC>', '<CWC a="1" a="2">')],
    ['an unbound prefix', minimalCwc().replace('<Prefix>', '<x:Prefix>').replace('</Prefix>', '</x:Prefix>')],
    ['XML 1.1', minimalCwc().replace('version="1.0"', 'version="1.1"')],
    ['another encoding', minimalCwc().replace('UTF-8', 'ISO-8859-1')],
  ])('refuses %s', (_name, xml) => {
    expect(judge(xml).valid).toBe(false);
  });

  it.each([
    ['a DTD', '<!DOCTYPE CWC>'],
    ['an external entity', '<!DOCTYPE CWC [<!ENTITY x SYSTEM "file:///etc/passwd">]>'],
    ['entities that multiply', '<!DOCTYPE CWC [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'],
  ])('refuses %s before it means anything', (_name, doctype) => {
    expect(errorsOf(minimalCwc({ prefix: 'M' }).replace('<CWC>', `${doctype}<CWC>`))).toEqual([
      'a document type declaration is not taken',
    ]);
  });

  it('refuses depth, number and bytes that are not UTF-8', () => {
    expect(errorsOf('<CWC>'.repeat(100_000))).toEqual(['nested deeper than 16']);
    expect(errorsOf(`<CWC>${'<a/>'.repeat(100_000)}</CWC>`)).toEqual(['more than 1000 elements']);
    expect(judgeCwc(Uint8Array.of(0x3c, 0xff, 0x3e), 'house')).toEqual({ valid: false, errors: ['not UTF-8'] });
    expect(judgeCwc(Buffer.from(minimalCwc(), 'utf16le'), 'house').valid).toBe(false);
  });

  it('lists at most fifty errors', () => {
    expect(errorsOf(`<CWC>${'<CWCVersion a="b"><x/></CWCVersion>'.repeat(300)}</CWC>`).length).toBeLessThanOrEqual(50);
    expect(errorsOf(minimalCwc({ inMessage: '<x/>'.repeat(300) }))).toHaveLength(50);
  });
});
