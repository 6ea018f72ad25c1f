import { ConfigError } from './config-error';
import { parseAddressOnly } from './address-only';

const wanted = (values: Record<string, string>): unknown => {
  try {
    return parseAddressOnly('staging', values);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
};

describe('parseAddressOnly', () => {
  it('needs only the region and addressOnly', () => {
    expect(wanted({ 'aws:region': 'us-east-1', 'communique-tee:addressOnly': 'true' })).toEqual({
      stack: 'staging',
      region: 'us-east-1',
      production: false,
      natPerZone: false,
      addresses: [],
    });
  });

  it('returns undefined if addressOnly is not set', () => {
    expect(wanted({ 'aws:region': 'us-east-1', 'communique-tee:domain': 'x.example.org' })).toBeUndefined();
    expect(wanted({ 'aws:region': 'us-east-1', 'communique-tee:addressOnly': 'false' })).toBeUndefined();
  });

  it('reports every wrong value, also of a key that it does not need', () => {
    expect(
      wanted({
        'communique-tee:addressOnly': 'true',
        'communique-tee:domain': 'https://x.example.org',
        'communique-tee:addresses': 'eipalloc-0a1b2c3d,eipalloc-0a1b2c3e',
        'communique-tee:acmeEmail': 'operator@example.org',
      }),
    ).toEqual([
      expect.stringMatching(/^aws:region: /),
      expect.stringMatching(/^acmeEmail: is no longer a key/),
      expect.stringMatching(/^domain: a host name/),
      expect.stringMatching(/^addresses: names two, and/),
    ]);
  });
});
