import { fullCwc, minimalCwc } from '../testing/documents';
import { mutationsOf } from '../testing/mutations';
import { createCwcJudge, type CwcJudge } from './validate';

let judgeCwc: CwcJudge;
beforeAll(async () => {
  judgeCwc = await createCwcJudge();
});
const judge = (xml: string, chamber: 'house' | 'senate' = 'house') => judgeCwc(new TextEncoder().encode(xml), chamber);
const errorsOf = (xml: string) => {
  const judgement = judge(xml);
  return judgement.valid ? [] : judgement.errors;
};

describe('the judge of CWC documents', () => {
  it('accepts the smallest document of the schema and one with every element, and returns id and office', () => {
    expect(judge(minimalCwc())).toEqual({
      valid: true,
      deliveryId: 'A1b2C3d4E5f6A1b2C3d4E5f6A1b2C3d4',
      office: 'HCA12',
    });
    expect(judge(fullCwc())).toMatchObject({ valid: true });
  });

  it("distinguishes the Senate's offices from the House's", () => {
    expect(judge(minimalCwc({ office: 'SCA03' }), 'senate')).toMatchObject({ valid: true, office: 'SCA03' });
    for (const office of ['SCA04', 'SCA00', 'SCA1', 'HCA01', 'SCA011'])
      expect(judge(minimalCwc({ office }), 'senate').valid).toBe(false);
  });

  it('names the place and the rule of an error, and never the value', () => {
    const errors = errorsOf(minimalCwc({ subject: 'Kurz', prefix: '', deliveryId: 'geheim' }));
    expect(errors).toEqual([
      'CWC/Delivery/DeliveryId: not of the required form',
      'CWC/Constituent/Prefix: not of the required form',
      'CWC/Message/Subject: not of the required form',
    ]);
  });

  it('repeats only names from the schema, and no text from the document', () => {
    const secret = /geheim/i;
    const documents = [
      minimalCwc({ inMessage: '<geheim/>' }),
      minimalCwc({ inMessage: 'geheim' }),
      minimalCwc({ inMessage: '<ProOrCon>geheim</ProOrCon>' }),
      minimalCwc({ inMessage: '<geheim><Subject>geheim</Subject></geheim>' }),
      minimalCwc().replace('>Health<', '>Geheim<'),
      minimalCwc().replace('<Message>', '<Message geheim="geheim">'),
      minimalCwc().replace('<Message>', '<Message xmlns="urn:geheim">'),
      minimalCwc().replace('<Subject>', '<g:Subject xmlns:g="urn:geheim">').replace('</Subject>', '</g:Subject>'),
      minimalCwc().replace('<Prefix>', '<Prefix><geheim/>'),
      minimalCwc().replace(/<(\/?)Subject>/g, '<$1Geheim>'),
      minimalCwc().replace(/<(\/?)Constituent>/g, '<$1Geheim>'),
      '<CWC><geheim/></CWC>',
      '<geheim/>',
      ...mutationsOf(minimalCwc({ subject: 'Geheim and secret' })).map(({ xml }) => xml),
    ];
    const errors = documents.flatMap(errorsOf);
    expect(errors.length).toBeGreaterThan(300);
    expect(errors.filter((error) => secret.test(error))).toEqual([]);
    expect(errors.filter((error) => !/^CWC(\/[A-Z]\w+)*: |^the root element is not CWC$/.test(error))).toEqual([]);
  });

  it('distinguishes missing elements, unexpected elements and attributes', () => {
    expect(errorsOf(minimalCwc().replace(/<FirstName>.*<\/FirstName>/, ''))).toEqual([
      'CWC/Constituent: FirstName is missing, or another is in its place',
    ]);
    expect(errorsOf(minimalCwc().replace(/<Delivery>[^]*<\/Delivery>/, ''))).toEqual([
      'CWC/Recipient: does not belong there',
    ]);
    expect(errorsOf(minimalCwc({ inMessage: '<x/>' }))).toContain(
      'CWC/Message: holds something that does not belong there',
    );
    expect(errorsOf(minimalCwc().replace('<Prefix>', '<Prefix a="b">'))).toEqual([
      'CWC/Constituent/Prefix: has attributes',
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
    ['a repeated attribute', minimalCwc().replace('<CWC>', '<CWC a="1" a="2">')],
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
  ])('refuses %s before reading further', (_name, doctype) => {
    expect(errorsOf(minimalCwc({ prefix: 'M' }).replace('<CWC>', `${doctype}<CWC>`))).toEqual([
      'contains a document type declaration',
    ]);
  });

  it('refuses too deep or too many elements, and bytes that are not UTF-8', () => {
    expect(errorsOf('<CWC>'.repeat(100_000))).toEqual(['nested deeper than 16']);
    expect(errorsOf(`<CWC>${'<a/>'.repeat(100_000)}</CWC>`)).toEqual(['more than 1000 elements']);
    expect(judgeCwc(Uint8Array.of(0x3c, 0xff, 0x3e), 'house')).toEqual({ valid: false, errors: ['not UTF-8'] });
    expect(judgeCwc(Buffer.from(minimalCwc(), 'utf16le'), 'house').valid).toBe(false);
  });

  it('lists at most fifty errors', () => {
    expect(errorsOf(`<CWC>${'<CWCVersion a="b"><x/></CWCVersion>'.repeat(300)}</CWC>`).length).toBeLessThanOrEqual(50);
    expect(errorsOf(minimalCwc({ inMessage: '<x/>'.repeat(300) })).length).toBeLessThanOrEqual(50);
    const everywhereWrong = errorsOf(fullCwc().replace(/<([A-Z]\w+)(?=[>/])/g, '<$1 a="b"'));
    expect(everywhereWrong.length).toBeGreaterThan(15);
    expect(everywhereWrong.length).toBeLessThanOrEqual(50);
  });
});
