import { testAuthority } from '@communique-tee/congress-simulator';
import { forEachChamber } from '@communique-tee/protocol';
import { rootCertificates } from 'node:tls';
import { parseConfiguration } from './configuration';
import { ConfigurationError } from '../runtime/configuration-file';
import { destinationsOf } from './cross-checks';
import { parseConfigurationForImage } from './for-image';

const agent = {
  name: 'Tests of custody',
  ackEmail: 'ack@example.org',
  contactName: 'Tests of it',
  contactEmail: 'contact@example.org',
  contactPhone: '202-555-0100',
};
const ENCLAVE_KEY = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-enclave';
const OPERATOR_KEY = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-operator';
const KMS = 'https://kms.us-east-1.amazonaws.com';
const route = (host: string, vsockPort: number) => ({ host, port: 443, vsockPort });
const chamber = (name: string) => ({
  origin: `https://${name}.example.org`,
  apiKeySecret: `cwc-${name}`,
  certificateAuthorities: rootCertificates[0],
  deduplicates: true,
});
const whole = {
  stack: 'test',
  listen: 'vsock:5000',
  egress: {
    mode: 'vsock',
    routes: [
      route('house.example.org', 8001),
      route('senate.example.org', 8002),
      route('kms.us-east-1.amazonaws.com', 8003),
    ],
  },
  services: { congress: { deliveryAgent: agent, ...forEachChamber(chamber) } },
  custody: { mode: 'kms', keyAlias: ENCLAVE_KEY },
  kms: { origin: KMS },
  secrets: { keyAlias: OPERATOR_KEY },
};
const problems = (value: unknown, parse: (value: unknown) => unknown = parseConfiguration): readonly string[] => {
  try {
    parse(value);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};
const { custody: _custody, kms: _kms, secrets: _secrets, ...without } = whole;
const readable = (name: string) => ({
  origin: `https://${name}.example.org`,
  apiKeyReadableInImage: 'readable-in-it',
  certificateAuthorities: rootCertificates[0],
  deduplicates: true,
});
const congress = (changes: object) => ({ services: { congress: { ...whole.services.congress, ...changes } } });
const plain = { ...without, ...congress(forEachChamber(readable)) };

describe('the custody of keys', () => {
  it('is `process` if the configuration names none', () => {
    expect(parseConfiguration(plain)).toMatchObject({
      custody: { mode: 'process', rotateAfterSeconds: 86_400 },
      services: { congress: { acceptReplayAcrossEnclaves: false } },
    });
  });

  it('is `kms` with daily rotation if the configuration names a key alias, and KMS is then a destination of egress', () => {
    const configuration = parseConfigurationForImage(whole);
    expect(configuration).toMatchObject({
      custody: { mode: 'kms', keyAlias: ENCLAVE_KEY, rotateAfterSeconds: 86_400 },
      kms: { origin: KMS, timeoutMs: 10_000 },
    });
    expect(destinationsOf(configuration)).toEqual([
      { host: 'house.example.org', port: 443 },
      { host: 'senate.example.org', port: 443 },
      { host: 'kms.us-east-1.amazonaws.com', port: 443 },
    ]);
  });

  it.each<[string, object, string[]]>([
    [
      'a KMS key instead of its alias',
      { custody: { mode: 'kms', keyAlias: 'arn:aws:kms:us-east-1:123456789012:key/1' } },
      ['custody.keyAlias'],
    ],
    ['an unknown mode', { custody: { mode: 'disk' } }, ['custody.mode']],
    ['custody process with a key alias', { custody: { mode: 'process', keyAlias: ENCLAVE_KEY } }, ['custody']],
    [
      'a rotation every second, an origin with a path, and secrets without a key alias',
      {
        custody: { mode: 'kms', keyAlias: ENCLAVE_KEY, rotateAfterSeconds: 1 },
        kms: { origin: `${KMS}/` },
        secrets: {},
      },
      ['custody.rotateAfterSeconds', 'kms.origin', 'secrets.keyAlias'],
    ],
    [
      'a KMS-sealed key that is current for more than a day',
      { custody: { mode: 'kms', keyAlias: ENCLAVE_KEY, rotateAfterSeconds: 86_401 } },
      ['custody.rotateAfterSeconds'],
    ],
    [
      'a per-process key that is current for more than a day',
      { custody: { mode: 'process', rotateAfterSeconds: 86_401 } },
      ['custody.rotateAfterSeconds'],
    ],
    [
      'an authority that is not PEM',
      { kms: { origin: KMS, certificateAuthorities: 'x' } },
      ['kms.certificateAuthorities'],
    ],
    [
      'a value of acceptReplayAcrossEnclaves that is not a boolean',
      congress({ acceptReplayAcrossEnclaves: 'yes' }),
      ['services.congress.acceptReplayAcrossEnclaves'],
    ],
  ])('refuses %s', (_name, change, places) => {
    expect(problems({ ...whole, ...change }).map((problem) => problem.split(':')[0])).toEqual(places);
  });

  it.each<[string, object, string[]]>([
    ['custody kms without a way to KMS', { kms: undefined }, ['kms: needed']],
    ['API keys as secrets without a KMS key for secrets', { secrets: undefined }, ['secrets: needed']],
    ['a KMS that nothing uses', { ...plain, custody: { mode: 'process' }, secrets: undefined }, ['kms: neither']],
    ['secrets that nothing uses', { services: plain.services }, ['secrets: no service']],
    ['one KMS key for custody and secrets', { secrets: { keyAlias: ENCLAVE_KEY } }, ['secrets.keyAlias: must differ']],
    [
      'keys of two accounts',
      { secrets: { keyAlias: OPERATOR_KEY.replace('123456789012', '210987654321') } },
      ['secrets.keyAlias: must be in the account and region'],
    ],
    [
      'KMS of another region than its keys',
      {
        kms: { origin: 'https://kms.eu-west-1.amazonaws.com' },
        egress: { ...whole.egress, routes: [...whole.egress.routes, route('kms.eu-west-1.amazonaws.com', 8004)] },
      },
      ['kms.origin: must be in the region'],
    ],
    [
      'no route to KMS',
      { egress: { mode: 'vsock', routes: whole.egress.routes.slice(0, 2) } },
      ['egress.routes: no route to kms.us-east-1.amazonaws.com:443'],
    ],
    [
      'a chamber that does not de-duplicate',
      congress({ house: { ...chamber('house'), deduplicates: false } }),
      ['services.congress.house.deduplicates: must be true'],
    ],
    [
      'several contradictions at once',
      {
        secrets: { keyAlias: ENCLAVE_KEY },
        egress: { mode: 'vsock', routes: whole.egress.routes.slice(1) },
        ...congress({ senate: { ...chamber('senate'), deduplicates: false } }),
        kms: undefined,
      },
      [
        'egress.routes: no route to house.example.org:443',
        'kms: needed',
        'secrets.keyAlias: must differ',
        'services.congress.senate.deduplicates',
      ],
    ],
  ])('reports settings that contradict each other: %s', (_name, change, expected) => {
    const found = problems({ ...whole, ...change });
    expect(found).toHaveLength(expected.length);
    expected.forEach((text, i) => expect(found[i]).toContain(text));
  });

  it('allows a chamber without de-duplication only with acceptReplayAcrossEnclaves', () => {
    const accepted = { house: { ...chamber('house'), deduplicates: false }, acceptReplayAcrossEnclaves: true };
    expect(problems({ ...whole, ...congress(accepted) })).toEqual([]);
    const forgetful = { ...forEachChamber(readable), house: { ...readable('house'), deduplicates: false } };
    // Per-process keys need the consent too, because a parent can run two enclaves of the image
    expect(problems({ ...plain, ...congress(forgetful) })).toHaveLength(1);
    expect(problems({ ...plain, ...congress({ ...forgetful, acceptReplayAcrossEnclaves: true }) })).toEqual([]);
  });

  it('is refused for an image if it rotates so often that one offer cannot hold all keys', () => {
    const rotating = (rotateAfterSeconds: number) => ({ ...whole, custody: { ...whole.custody, rotateAfterSeconds } });
    expect(problems(rotating(3600))).toEqual([]);
    expect(problems(rotating(3600), parseConfigurationForImage)).toEqual([
      expect.stringContaining('custody.rotateAfterSeconds: too short'),
    ]);
    expect(problems(rotating(8 * 3600), parseConfigurationForImage)).toEqual([]);
  });

  it('quotes no value of a refused configuration', async () => {
    const { certificatePem } = await testAuthority();
    const text = problems({
      ...whole,
      kms: { origin: 'http://secret-place', certificateAuthorities: certificatePem, timeoutMs: 'secret-number' },
    }).join();
    expect(text).not.toContain('secret');
  });
});
