import { SIMULATED_CHAMBERS, type Chamber } from '../chambers';
import { fullCwc, minimalCwc } from '../testing/documents';
import { mutationsOf } from '../testing/mutations';
import { describeWithRelaxNg, judgeByRelaxNg } from '../testing/relaxng';
import { createCwcJudge, type CwcJudge } from './validate';

let judge: CwcJudge;
beforeAll(async () => {
  judge = await createCwcJudge();
});
const ours = (xml: string, chamber: Chamber = 'house') => judge(new TextEncoder().encode(xml), chamber).valid;

describeWithRelaxNg("the simulator's schema against the House's", () => {
  it('both accept the valid documents', async () => {
    const documents = [minimalCwc(), fullCwc()];
    expect(documents.map((xml) => ours(xml))).toEqual([true, true]);
    expect(await judgeByRelaxNg(documents)).toEqual(documents.map(() => ({ parsed: true, valid: true })));
  });

  it('both judge every mutation in the same way', async () => {
    const mutations = [...mutationsOf(minimalCwc()), ...mutationsOf(fullCwc())];
    expect(mutations.length).toBeGreaterThan(1000);
    const theirs = await judgeByRelaxNg(mutations.map(({ xml }) => xml));
    const disagreements = mutations.flatMap(({ what, xml }, index) =>
      ours(xml) === theirs[index]?.valid ? [] : [`${what}: the House's schema finds valid: ${theirs[index]?.valid}`],
    );
    expect(disagreements).toEqual([]);
    const taken = theirs.filter(({ valid }) => valid).length;
    expect(taken).toBeGreaterThan(200);
    expect(theirs.length - taken).toBeGreaterThan(200);
  });

  it('both judge documents with comments, processing instructions, CDATA and character references in the same way', async () => {
    const documents = [
      minimalCwc({ prefix: 'M<!-- x -->s.' }),
      minimalCwc({ prefix: '<![CDATA[<Ms>]]>' }),
      minimalCwc({ prefix: 'M<?x y?>s' }),
      minimalCwc({ prefix: '&#x1F5FD;' }),
      minimalCwc({ office: 'HCA<!-- x -->12' }),
      minimalCwc({ inMessage: '<!-- x --><![CDATA[ ]]>&#x20;' }),
      minimalCwc({ inMessage: '<![CDATA[x]]>' }),
      minimalCwc({ prefix: '<!-- x -->' }),
    ];
    expect(documents.map((xml) => ours(xml))).toEqual((await judgeByRelaxNg(documents)).map(({ valid }) => valid));
  });

  it.each([
    ["the House's", 'house', ['HCA00', 'HAL12', 'HZZ99']],
    ["the Senate's", 'senate', ['SCA01', 'SCA02', 'SCA03']],
  ] as const)('both judge %s offices in the same way', async (_, chamber, valid) => {
    const invalid = ['HCA1', 'HCA012', 'hCA12', 'SCA00', 'SCA04', 'SCA011', 'SCA1', 'S0A01', 'CCA01', ''];
    const offices = ['HCA00', 'HAL12', 'HZZ99', 'SCA01', 'SCA02', 'SCA03', ' HCA12 ', ' SCA01\n', 'S CA01', ...invalid];
    const documents = offices.map((office) => minimalCwc({ office }));
    const theirs = await judgeByRelaxNg(documents, SIMULATED_CHAMBERS[chamber].memberOffice);
    expect(documents.map((xml) => ours(xml, chamber))).toEqual(theirs.map(({ valid }) => valid));
    expect(offices.filter((office, at) => theirs[at]?.valid && office.trim() === office)).toEqual(valid);
  });
});
