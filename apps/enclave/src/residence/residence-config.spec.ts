import { FOREIGN_SIGNING_KEY, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { formatVerifierKey, signingKeyOf } from '@communique-tee/transparency';
import { ConfigurationError } from '../runtime/configuration-file';
import { parseConfiguration } from '../configuration/configuration';
import { servedConfiguration } from '../configuration/served-configuration';
import { VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import { decodePublicConfiguration } from '@communique-tee/protocol';

const [key, next] = TEST_REGISTRAR.verifierKeys;
const good = { mode: 'required', registrar: TEST_REGISTRAR.id, keys: [key], maxCampaignDays: 60 };
const configuration = (residence: unknown, more: object = {}) => ({
  stack: 'test',
  listen: 'tcp:127.0.0.1:0',
  egress: { mode: 'direct' },
  services: {},
  ...more,
  ...(residence !== undefined && { residence }),
});
const problemsOf = (value: unknown): readonly string[] => {
  try {
    parseConfiguration(value);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};

describe('the configuration of residence', () => {
  it('is off by default', () => {
    expect(parseConfiguration(configuration(undefined)).residence).toEqual({ mode: 'off' });
  });

  it.each([
    ['one key', good],
    ['two keys', { ...good, keys: [key, next] }],
    [
      'mode optional and the default length of campaigns',
      { mode: 'optional', registrar: TEST_REGISTRAR.id, keys: [key] },
    ],
  ])('is accepted with %s, and published with the hash of the circuit', (_name, residence) => {
    const parsed = parseConfiguration(configuration(residence));
    expect(decodePublicConfiguration(servedConfiguration(parsed).bytes).residence).toEqual({
      maxCampaignDays: 90,
      ...residence,
      verificationKeySha256: VERIFICATION_KEY_SHA256,
    });
  });

  it.each<[string, object]>([
    ['another mode', { mode: 'on' }],
    ['off with a registrar', { mode: 'off', registrar: TEST_REGISTRAR.id }],
    ['no registrar', { ...good, registrar: undefined }],
    ['a registrar in capitals', { ...good, registrar: 'Test-Registrar' }],
    ['no key', { ...good, keys: [] }],
    ['three keys', { ...good, keys: [key, next, formatVerifierKey(FOREIGN_SIGNING_KEY)] }],
    ['one key twice', { ...good, keys: [key, key] }],
    ['a key of another name', { ...good, keys: [formatVerifierKey(signingKeyOf('other', new Uint8Array(32)))] }],
    ['a damaged key', { ...good, keys: [`${key.slice(0, -2)}AA`] }],
    ['campaigns of 91 days', { ...good, maxCampaignDays: 91 }],
    ['campaigns of 0 days', { ...good, maxCampaignDays: 0 }],
    ['an unknown member', { ...good, secret: 'x' }],
  ])('is refused with %s', (_name, residence) => {
    expect(problemsOf(configuration(residence)).join()).toMatch(/^residence/);
  });

  it('refuses the legacy suite if a proof is required', () => {
    expect(problemsOf(configuration(good, { legacySuite: true }))).toEqual([
      'legacySuite: must be false if residence.mode is required',
    ]);
    expect(problemsOf(configuration({ ...good, mode: 'optional' }, { legacySuite: true }))).toEqual([]);
  });
});
