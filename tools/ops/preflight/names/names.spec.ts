import { lines, look } from '../testing/look';
import { ec2, startStandInAws, type StandInAws } from '../testing/stand-in-aws';
import { judgeCaa } from './caa';

type Records = Readonly<Record<string, readonly unknown[] | string>>;

/** A stand-in for DNS. A name without records does not exist. A text in place of records is the query's error code. */
function resolver(records: Records) {
  const ask = (kind: string) => (name: string) => {
    const found = records[`${kind} ${name}`] ?? 'ENOTFOUND';
    return typeof found === 'string'
      ? Promise.reject(Object.assign(new Error('query'), { code: found }))
      : Promise.resolve(found);
  };
  return { resolve4: ask('A'), resolve6: ask('AAAA'), resolveNs: ask('NS'), resolveCaa: ask('CAA') } as never;
}

let aws: StandInAws;
beforeAll(async () => {
  aws = await startStandInAws();
});
afterAll(() => aws.stop());

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secretExampleKey' };
const said = async (name: string, records: Records, more: string[] = [], addresses?: string[]) => {
  aws.answer(
    addresses === undefined
      ? { '*': { status: 403, body: '' } }
      : {
          DescribeAddresses: ec2(
            'DescribeAddresses',
            `<addressesSet>${addresses.map((address) => `<item><publicIp>${address}</publicIp></item>`).join('')}</addressesSet>`,
          ),
        },
  );
  return lines(
    await look(name, { ports: { resolver: resolver(records), aws: { endpoint: aws.endpoint, credentials } } }, more),
  );
};
const DOMAIN = 'service.communique.test';

describe('domain', () => {
  it('passes if the name does not exist before `pulumi up`, and fails if it does not exist before opening', async () => {
    expect(await said('domain', {})).toEqual([`pass: ${DOMAIN} does not exist yet`]);
    expect(await said('domain', {}, ['--before', 'opening'])).toEqual([`fail: ${DOMAIN} does not resolve`]);
  });
  it.each<[string, string[] | undefined, RegExp]>([
    ['the stack’s address', ['203.0.113.7'], /^pass: .*resolves to the stack’s address/],
    ['another address', ['203.0.113.8'], /^fail: .*resolves to 203\.0\.113\.7; the stack’s address is 203\.0\.113\.8/],
    ['an address before the stack has one', [], /^warn: .*no address yet/],
    ['an address that cannot be compared', undefined, /^warn: .*AWS was not asked/],
  ])('judges a name that resolves to %s', async (_name, addresses, words) => {
    expect(await said('domain', { [`A ${DOMAIN}`]: ['203.0.113.7'] }, [], addresses)).toEqual([
      expect.stringMatching(words),
    ]);
  });
  it('fails if the name has AAAA records', async () => {
    expect(
      await said(
        'domain',
        { [`A ${DOMAIN}`]: ['203.0.113.7'], [`AAAA ${DOMAIN}`]: ['2001:db8::1'] },
        [],
        ['203.0.113.7'],
      ),
    ).toContainEqual(expect.stringMatching(/^fail: .*AAAA records/));
  });
  it('fails if one of two addresses is not the stack’s', async () => {
    expect(await said('domain', { [`A ${DOMAIN}`]: ['203.0.113.7', '203.0.113.9'] }, [], ['203.0.113.7'])).toEqual([
      expect.stringMatching(/^fail/),
    ]);
  });
  it.each(['ETIMEOUT', 'ESERVFAIL', 'ECONNREFUSED'])(
    'fails if DNS does not answer, instead of calling the name absent (%s)',
    async (code) => {
      expect(await said('domain', { [`A ${DOMAIN}`]: code })).toEqual([`fail: DNS does not answer here (${code})`]);
    },
  );
});

describe('zone', () => {
  const servers = ['ns-1.awsdns-00.com', 'ns-2.awsdns-00.net', 'ns-3.awsdns-00.org', 'ns-4.awsdns-00.co.uk'];
  it.each<[Records, RegExp]>([
    [{ 'NS communique.test': servers }, /^pass: communique\.test has 4 servers/],
    [{}, /^fail: no server answers for communique\.test/],
    [{ 'NS communique.test': ['ns1.registrar.test', ...servers] }, /^warn: .*ns1\.registrar\.test/],
    [{ 'NS communique.test': ['ns-1.awsdns-00.com.evil.test'] }, /^warn/],
    [{ 'NS communique.test': 'ESERVFAIL' }, /^fail: DNS does not answer/],
  ])('judges the name servers (row %#)', async (records, words) => {
    expect(await said('zone', records)).toEqual([expect.stringMatching(words)]);
  });
});

describe('caa', () => {
  it.each<[string, Records, RegExp]>([
    ['that do not exist', {}, /^pass: no CAA record/],
    [
      'of the parent domain that allow Let’s Encrypt',
      { 'CAA communique.test': [{ critical: 0, issue: 'letsencrypt.org' }] },
      /^pass: the CAA records of communique\.test allow/,
    ],
    [
      'of the parent domain that allow only another authority',
      { 'CAA communique.test': [{ critical: 0, issue: 'digicert.com' }] },
      /^fail: the CAA records of communique\.test forbid the certificate: only digicert\.com may issue/,
    ],
    [
      'at the name, which hide those of the parent domain',
      {
        [`CAA ${DOMAIN}`]: [{ critical: 0, issue: 'letsencrypt.org' }],
        'CAA communique.test': [{ critical: 0, issue: ';' }],
      },
      /^pass/,
    ],
    [
      'at the name, which allow no authority',
      { [`CAA ${DOMAIN}`]: [{ critical: 0, issue: ';' }] },
      /^fail: .*no authority may issue/,
    ],
    ['in a zone that does not answer', { 'CAA communique.test': 'ESERVFAIL' }, /^fail: DNS does not answer about CAA/],
  ])('judges CAA records %s', async (_name, records, words) => {
    expect(await said('caa', records)).toEqual([expect.stringMatching(words)]);
  });

  it.each([
    [[{ critical: 0, issue: 'LetsEncrypt.org; validationmethods=http-01,dns-01' }], true],
    [[{ critical: 0, issue: 'letsencrypt.org; validationmethods=dns-01' }], false],
    [[{ critical: 0, issuewild: ';' }], true],
    [[{ critical: 0, iodef: 'mailto:x@communique.test' }], true],
    [
      [
        { critical: 0, issue: 'digicert.com' },
        { critical: 0, issue: 'letsencrypt.org' },
      ],
      true,
    ],
    [
      [
        { critical: 128, strange: 'x' },
        { critical: 0, issue: 'letsencrypt.org' },
      ],
      false,
    ],
    [[{ critical: 0, issue: 'letsencrypt.org.evil.test' }], false],
  ])('judgeCaa allows Let’s Encrypt with %j: %s', (records, allowed) => {
    expect(judgeCaa(records, ['letsencrypt.org'], 'http-01').allowed).toBe(allowed);
  });
});
