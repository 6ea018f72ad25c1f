import { fullCwc, minimalCwc } from '../testing/documents';
import { mutationsOf } from '../testing/mutations';
import { describeWithRelaxNg, judgeByRelaxNg } from '../testing/relaxng';
import { judgeCwc } from './validate';

const ours = (xml: string) => judgeCwc(new TextEncoder().encode(xml), 'house').valid;

describeWithRelaxNg("the simulator's judge against libxml2 with the House's RELAX NG schema", () => {
  it('both take the valid documents', async () => {
    const documents = [minimalCwc(), fullCwc()];
    expect(documents.map(ours)).toEqual([true, true]);
    expect(await judgeByRelaxNg(documents)).toEqual(documents.map(() => ({ parsed: true, valid: true })));
  });

  it('both judge every mutation the same', async () => {
    const mutations = [...mutationsOf(minimalCwc()), ...mutationsOf(fullCwc())];
    expect(mutations.length).toBeGreaterThan(1000);
    const theirs = await judgeByRelaxNg(mutations.map(({ xml }) => xml));
    const disagreements = mutations.flatMap(({ what, xml }, index) =>
      ours(xml) === theirs[index]?.valid ? [] : [`${what}: libxml2 says ${theirs[index]?.valid}`],
    );
    expect(disagreements).toEqual([]);
    const taken = theirs.filter(({ valid }) => valid).length;
    expect(taken).toBeGreaterThan(200);
    expect(theirs.length - taken).toBeGreaterThan(200);
  });

  it('both see through comments, processing instructions, CDATA and character references', async () => {
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
    expect(documents.map(ours)).toEqual((await judgeByRelaxNg(documents)).map(({ valid }) => valid));
  });
});
