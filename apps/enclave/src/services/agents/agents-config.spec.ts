import { rootCertificates } from 'node:tls';
import { ConfigurationError } from '../../runtime/configuration-file';
import { parseConfiguration } from '../../configuration/configuration';
import { servedConfiguration } from '../../configuration/served-configuration';
import { decodePublicConfiguration } from '@communique-tee/protocol';
import { PRICE_TABLE, priceTableSha256 } from '@communique-tee/agents';

const KEY = 'sk-made-up-for-tests';
const far = (host: string, changes: object = {}) => ({
  origin: `https://${host}`,
  certificateAuthorities: rootCertificates[0],
  apiKeyReadableInImage: KEY,
  ...changes,
});
const CLASS = { id: 'fast', provider: 'openai', model: 'gpt-6-luna' };
const agents = { providers: { openai: far('api.openai.com') }, classes: [CLASS] };
const whole = (changes: object = {}) => ({
  stack: 'test',
  listen: 'tcp:127.0.0.1:0',
  egress: { mode: 'direct' },
  services: { agents: { ...agents, ...changes } },
});
const openai = (changes: object) => whole({ providers: { openai: far('api.openai.com', changes) } });
const problems = (value: unknown): readonly string[] => {
  try {
    parseConfiguration(value);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};
const settings = (value: unknown) => parseConfiguration(value).services.agents;

describe('the configuration of the agents service', () => {
  it('has defaults for everything except providers and classes', () => {
    expect(settings(whole())).toMatchObject({
      classes: [{ ...CLASS, tasks: ['subject', 'draft', 'shorten', 'review'], maxOutputTokens: 1024 }],
      limits: { maxConcurrent: 8, maxRememberedReplies: 512, timeoutMs: 85_000 },
    });
  });

  it.each<[string, object, string]>([
    ['no class', { classes: [] }, 'services.agents.classes'],
    ['a class twice', { classes: [CLASS, CLASS] }, 'services.agents.classes: each id once'],
    [
      'a model that the price table does not have',
      { classes: [{ ...CLASS, model: 'gpt-6-lunar' }] },
      'services.agents.classes.0.model: not in the price table',
    ],
    [
      'a dated name of a model in the price table',
      { classes: [{ ...CLASS, model: 'gpt-6-luna-2026-09-22' }] },
      'services.agents.classes.0.model: not in the price table',
    ],
    [
      'a model of another provider',
      { classes: [{ ...CLASS, model: 'claude-haiku-4-5' }] },
      'services.agents.classes.0.model: not in the price table',
    ],
    [
      'a class whose provider is not configured',
      { classes: [CLASS, { id: 'b', provider: 'anthropic', model: 'claude-haiku-4-5' }] },
      'services.agents.classes.1.provider: not among providers',
    ],
    [
      'a provider that no class uses',
      { providers: { ...agents.providers, gemini: far('gemini.example') } },
      'services.agents.providers.gemini: no class uses it',
    ],
    [
      'a time limit that leaves the gateway no margin',
      { limits: { timeoutMs: 85_001 } },
      'services.agents.limits.timeoutMs',
    ],
    [
      'a task twice',
      { classes: [{ ...CLASS, tasks: ['draft', 'draft'] }] },
      'services.agents.classes.0.tasks: each task once',
    ],
    [
      'a maximum output that is none of the allowed steps',
      { classes: [{ ...CLASS, maxOutputTokens: 100 }] },
      'services.agents.classes.0.maxOutputTokens',
    ],
    [
      'a time limit longer than the gateway waits',
      { limits: { timeoutMs: 90_001 } },
      'services.agents.limits.timeoutMs',
    ],
  ])('is refused with %s', (_name, changes, problem) => {
    const found = problems(whole(changes));
    expect(found).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, object]>([
    ['an origin without TLS', { origin: 'http://api.openai.com' }],
    ['an origin with a path', { origin: 'https://api.openai.com/v1' }],
    ['no authority', { certificateAuthorities: undefined }],
    ['two keys', { apiKeySecret: 'openai' }],
    ['no key', { apiKeyReadableInImage: undefined }],
    ['an empty organization', { organization: '' }],
    ['the organization "undefined"', { organization: 'undefined' }],
    ['the organization "null"', { organization: 'null' }],
  ])('is refused with %s', (_name, changes) => {
    expect(problems(openai(changes)).length).toBeGreaterThan(0);
  });

  it.each([
    ' sk-abcdefgh',
    'sk-abcdefgh ',
    'sk-abc defgh',
    'sk-abcdefg\u00e9',
    'sk-abcdefgh\n\n',
    'sk-\nabcdefgh',
    'short',
  ])('is refused with the malformed key %j, and no error quotes the key', (apiKeyReadableInImage) => {
    const found = problems(openai({ apiKeyReadableInImage }));
    expect(found).toEqual([
      'services.agents.providers.openai.apiKeyReadableInImage: 8 to 200 visible ASCII characters',
    ]);
  });

  it.each(['\n', '\r\n', ''])('removes one line break at the end of a key: %j', (end) => {
    expect(settings(openai({ apiKeyReadableInImage: `${KEY}${end}` }))?.providers.openai?.apiKeyReadableInImage).toBe(
      KEY,
    );
  });

  it('needs an egress route for each provider, and a KMS key for its secrets', () => {
    const { services } = openai({ apiKeyReadableInImage: undefined, apiKeySecret: 'openai-key' });
    const egress = { mode: 'vsock', routes: [{ host: 'other.example', port: 443, vsockPort: 8001 }] };
    expect(problems({ ...whole(), services, egress })).toEqual([
      'egress.routes: no route to api.openai.com:443',
      'secrets: needed for apiKeySecret',
    ]);
  });
});

describe('the public configuration', () => {
  it('names the classes, the price table and the providers’ hosts, and no key', () => {
    const { bytes } = servedConfiguration(parseConfiguration(openai({ organization: 'org-made-up' })));
    const { services, egress } = decodePublicConfiguration(bytes);
    expect(services.agents).toEqual({
      classes: [{ ...CLASS, tasks: ['subject', 'draft', 'shorten', 'review'], maxOutputTokens: 1024 }],
      pricesVersion: PRICE_TABLE.version,
      pricesSha256: priceTableSha256(PRICE_TABLE),
    });
    expect(egress).toEqual(['api.openai.com:443']);
    const text = Buffer.from(bytes).toString();
    for (const secret of [KEY, 'org-made-up', 'CERTIFICATE']) expect(text).not.toContain(secret);
  });
});
