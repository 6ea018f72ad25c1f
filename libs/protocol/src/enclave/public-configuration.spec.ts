import {
  MAX_PUBLIC_CONFIGURATION_BYTES,
  decodePublicConfiguration,
  encodePublicConfiguration,
  type PublicConfiguration,
} from './public-configuration';

const chamber = (name: string) => ({ origin: `https://${name}.example`, deduplicates: true });
const configuration: PublicConfiguration = {
  version: 3,
  stack: 'production',
  custody: 'arn:aws:kms:us-east-1:123456789012:alias/enclave',
  residence: { mode: 'off' },
  legacySuite: false,
  egress: ['house.example:443', 'kms.us-east-1.amazonaws.com:443', 'senate.example:443'],
  services: {
    congress: {
      acceptReplayAcrossEnclaves: false,
      officesAsOf: '2026-11-29',
      house: chamber('house'),
      senate: chamber('senate'),
    },
  },
};
/** The configuration as the enclave writes it. */
const CANONICAL =
  '{"custody":"arn:aws:kms:us-east-1:123456789012:alias/enclave",' +
  '"egress":["house.example:443","kms.us-east-1.amazonaws.com:443","senate.example:443"],"legacySuite":false,"residence":{"mode":"off"},' +
  '"services":{"congress":{"acceptReplayAcrossEnclaves":false,"house":{"deduplicates":true,"origin":"https://house.example"},"officesAsOf":"2026-11-29",' +
  '"senate":{"deduplicates":true,"origin":"https://senate.example"}}},"stack":"production","version":3}';
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytes = (content: string) => new Uint8Array(Buffer.from(content));
const code = (expected: string) => expect.objectContaining({ name: 'ProtocolError', code: expected }) as Error;

describe('the public configuration', () => {
  it('has one form: canonical JSON', () => {
    expect(text(encodePublicConfiguration(configuration))).toBe(CANONICAL);
    expect(decodePublicConfiguration(bytes(CANONICAL))).toEqual(configuration);
  });

  it('may have every service off', () => {
    const idle = { ...configuration, services: {} };
    expect(decodePublicConfiguration(encodePublicConfiguration(idle))).toEqual(idle);
  });

  describe('with agents', () => {
    const prices = { pricesVersion: '2026-11-30.1', pricesSha256: 'ab'.repeat(32) };
    const row = {
      id: 'small',
      provider: 'openai' as const,
      model: 'gpt-6-luna',
      tasks: ['draft' as const],
      maxOutputTokens: 1024,
    };
    const withAgents = (classes: object[]) =>
      ({ ...configuration, services: { agents: { classes, ...prices } } }) as PublicConfiguration;

    it('names classes, their models and the price table', () => {
      const both = withAgents([row, { ...row, id: 'other', provider: 'gemini', model: 'gemini-2.5-flash-lite' }]);
      expect(decodePublicConfiguration(encodePublicConfiguration(both))).toEqual(both);
    });

    it.each<[string, object[]]>([
      ['no model class', []],
      ['a model class twice', [row, row]],
      ['seventeen model classes', Array.from({ length: 17 }, (_, at) => ({ ...row, id: `c${String(at)}` }))],
      ['a task twice', [{ ...row, tasks: ['draft', 'draft'] }]],
      ['an unknown task', [{ ...row, tasks: ['chat'] }]],
      ['an unknown provider', [{ ...row, provider: 'other' }]],
      ['an API key', [{ ...row, apiKey: 'x' }]],
      ['an output limit that is no multiple of 64', [{ ...row, maxOutputTokens: 100 }]],
      ['an output limit above 2,048', [{ ...row, maxOutputTokens: 4096 }]],
    ])('is refused with %s', (_name, classes) => {
      expect(() => encodePublicConfiguration(withAgents(classes))).toThrow(code('malformed_body'));
    });
  });

  it.each<[string, string]>([
    ['white space', CANONICAL.replace(',', ', ')],
    ['a line end', `${CANONICAL}\n`],
    ['members in another order', `{"version":3,${CANONICAL.slice(1).replace(',"version":3', '')}`],
    ['a member twice', CANONICAL.replace('"legacySuite":false', '"legacySuite":true,"legacySuite":false')],
    ['a letter written as an escape', CANONICAL.replace('production', '\\u0070roduction')],
    ['a number in another form', CANONICAL.replace('"version":3', '"version":3.0')],
    ['a byte order mark', `\uFEFF${CANONICAL}`],
    ['an unknown member', CANONICAL.replace('"stack"', '"secrets":[],"stack"')],
    ['an unknown service', CANONICAL.replace('"services":{', '"services":{"other":{},')],
    ['agents without classes', CANONICAL.replace('"services":{', '"services":{"agents":{},')],
    ['an unknown member of a chamber', CANONICAL.replace('"origin"', '"apiKey":"x","origin"')],
    ['a member missing', CANONICAL.replace('"legacySuite":false,', '')],
    ['another version', CANONICAL.replace('"version":3', '"version":1')],
    ['an origin that is not https', CANONICAL.replace('https://house', 'http://house')],
    ['hosts out of order', CANONICAL.replace('house.example:443', 'zouse.example:443')],
    ['a host twice', CANONICAL.replace('"senate.example:443"', '"senate.example:443","senate.example:443"')],
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    ['no content', ''],
  ])('with %s is refused', (_name, content) => {
    expect(content).not.toBe(CANONICAL);
    expect(() => decodePublicConfiguration(bytes(content))).toThrow(code('malformed_body'));
  });

  it('of more than 16 KiB is neither parsed nor written', () => {
    const large = bytes('['.repeat(MAX_PUBLIC_CONFIGURATION_BYTES + 1));
    expect(() => decodePublicConfiguration(large)).toThrow(code('body_too_large'));
    const egress = Array.from({ length: 64 }, (_, at) => `${'a'.repeat(270)}${String(at).padStart(2, '0')}:443`);
    expect(() => encodePublicConfiguration({ ...configuration, egress })).toThrow(code('body_too_large'));
  });
});
