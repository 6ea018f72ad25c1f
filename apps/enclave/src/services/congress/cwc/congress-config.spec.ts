import { testAuthority } from '@communique-tee/congress-simulator';
import { rootCertificates } from 'node:tls';
import { pemBlocks } from '../../../egress';
import { congressConfigSchema, congressDestinations } from '.';
import { longestAttemptMs } from './congress-config';
import { TEST_AGENT } from './testing/messages';

const chamber = {
  origin: 'https://cwc.house.gov',
  apiKeyReadableInImage: 'a-test-key',
  certificateAuthorities: rootCertificates[0] ?? '',
  deduplicates: false,
};
const whole = {
  deliveryAgent: TEST_AGENT,
  house: chamber,
  senate: { ...chamber, origin: 'https://soapbox.senate.gov' },
};
const problems = (value: unknown) =>
  congressConfigSchema.safeParse(value).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('the Congress configuration', () => {
  it('has defaults only for the paths, the pace, the retries and the limits', () => {
    const config = congressConfigSchema.parse(whole);
    expect(config.house).toEqual({
      ...chamber,
      messagePath: '/v2/message',
      minIntervalMs: 500,
      timeoutMs: 30_000,
    });
    expect(config.senate.messagePath).toBe('/api/production-messages/');
    expect(congressDestinations(config)).toEqual([
      { host: 'cwc.house.gov', port: 443 },
      { host: 'soapbox.senate.gov', port: 443 },
    ]);
    expect(problems({})).toEqual(['deliveryAgent', 'house', 'senate']);
    expect(problems({ ...whole, house: {} }).sort()).toEqual([
      'house.apiKeyReadableInImage',
      'house.certificateAuthorities',
      'house.deduplicates',
      'house.origin',
    ]);
    expect(problems({ ...whole, deliveryAgent: {} })).toHaveLength(5);
  });

  it.each([
    ['with the defaults', {}, 60_000],
    ['with slots', { minIntervalMs: 1, timeoutMs: 20_000 }, 60_000],
    ['without slots', { minIntervalMs: 0, timeoutMs: 61_000 }, 61_000],
    ['with the longest times', { timeoutMs: 300_000 }, 600_000],
  ])('counts the wait for a slot and the delivery in the longest attempt %s', (_name, house, expected) => {
    expect(longestAttemptMs(congressConfigSchema.parse({ ...whole, house: { ...chamber, ...house } }))).toBe(expected);
  });

  it.each([
    [{}, { firstSeconds: 30, longestSeconds: 3600 }],
    [{ firstSeconds: 60 }, { firstSeconds: 60, longestSeconds: 3600 }],
    [{ longestSeconds: 30 }, { firstSeconds: 30, longestSeconds: 30 }],
  ])('reads the retry settings %p as %p', (retry, expected) => {
    expect(congressConfigSchema.parse({ ...whole, retry }).retry).toEqual(expected);
  });

  it.each([{ firstSeconds: 0 }, { longestSeconds: 86_401 }, { longestSeconds: 29 }, { attempts: 3 }])(
    'refuses the retry settings %p',
    (retry) => {
      expect(congressConfigSchema.safeParse({ ...whole, retry }).success).toBe(false);
    },
  );

  it.each([
    'http://cwc.house.gov',
    'https://cwc.house.gov/',
    'https://cwc.house.gov/v2',
    'https://user:password@cwc.house.gov',
    'https://CWC.house.gov',
    'https://cwc.house.gov:443',
    'https://cwc.house.gov?x',
    'cwc.house.gov',
    'https://',
    '',
  ])('refuses the origin %p', (origin) => {
    expect(problems({ ...whole, house: { ...chamber, origin } })).toEqual(['house.origin']);
  });

  it.each<[string, unknown]>([
    ['messagePath', 'v2/message'],
    ['messagePath', '/v2/message?apikey=x'],
    ['messagePath', '/a b'],
    ['messagePath', '/a\r\nhost: x'],
    ['apiKeyReadableInImage', 'short'],
    ['apiKeyReadableInImage', 'with a space'],
    ['certificateAuthorities', 'not PEM'],
    ['certificateAuthorities', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['deduplicates', 'yes'],
    ['minIntervalMs', -1],
    ['minIntervalMs', 0.5],
    ['minIntervalMs', 30_001], // longer than a delivery waits
    ['timeoutMs', 300_001],
    ['officeMinIntervalMs', 1000], // a pace for each office would show which office a message goes to
    ['proxy', 'http://x'],
  ])('refuses %s: %p', (field, value) => {
    expect(problems({ ...whole, house: { ...chamber, [field]: value } })).toEqual([
      field === 'proxy' || field === 'officeMinIntervalMs' ? 'house' : `house.${field}`,
    ]);
  });

  it('takes the API key either readable in the image or as a named secret', () => {
    const { apiKeyReadableInImage: _left, ...without } = chamber;
    expect(problems({ ...whole, house: { ...without, apiKeySecret: 'cwc-house' } })).toEqual([]);
    expect(problems({ ...whole, house: without })).toEqual(['house.apiKeyReadableInImage']);
    expect(problems({ ...whole, house: { ...chamber, apiKeySecret: 'cwc-house' } })).toEqual([
      'house.apiKeyReadableInImage',
    ]);
    expect(problems({ ...whole, house: { ...without, apiKeySecret: 'CWC house' } })).toEqual(['house.apiKeySecret']);
  });

  it('requires self-signed roots as the authorities of every chamber', async () => {
    const [one, two] = await Promise.all([testAuthority(), testAuthority()]);
    const refusals = (certificateAuthorities: string | undefined) =>
      congressConfigSchema
        .safeParse({ ...whole, house: { ...chamber, certificateAuthorities } })
        .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
    expect(refusals(one.certificatePem + two.certificatePem)).toEqual([]);
    expect(refusals(undefined)).toEqual([expect.stringMatching(/^house\.certificateAuthorities: .*preflight/)]);
    const { certificatePem: chain } = await one.issue({ names: ['localhost'], intermediate: {} });
    const [leaf = '', intermediate = ''] = pemBlocks(chain);
    expect(refusals(leaf)).toEqual(['house.certificateAuthorities: PEM certificates of authorities']);
    const notRoots = ['house.certificateAuthorities: self-signed roots and no intermediates'];
    expect(refusals(intermediate)).toEqual(notRoots);
    expect(refusals(one.certificatePem + intermediate)).toEqual(notRoots);
  });
});
