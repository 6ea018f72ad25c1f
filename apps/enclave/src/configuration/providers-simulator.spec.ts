import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { writeFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { parseConfiguration } from './configuration';
import { withProvidersSimulator } from './providers-simulator';

const development = {
  stack: 'development',
  listen: 'tcp:127.0.0.1:0',
  egress: { mode: 'direct' },
  services: {
    agents: {
      classes: [
        { id: 'fast', provider: 'openai', model: 'gpt-6-luna' },
        { id: 'careful', provider: 'anthropic', model: 'claude-haiku-4-5' },
      ],
    },
  },
  providersSimulator: 'providers.json',
};

describe('a development configuration that names the provider simulator', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder('providers');
  });
  afterAll(() => folder.remove());

  it('has no agents service until the simulator has run', () => {
    expect(parseConfiguration(withProvidersSimulator(development, folder.file('nowhere'))).services).toEqual({});
  });

  it('takes the addresses, keys and authority of the providers that a model class names', () => {
    const far = (name: string) => ({ origin: `https://${name}.example`, apiKey: `test-${name}-key`, other: 1 });
    writeFileSync(folder.file('root.pem'), rootCertificates[0] ?? '');
    writeFileSync(
      folder.file('providers.json'),
      JSON.stringify({
        openai: { ...far('openai'), organization: 'org-test' },
        gemini: far('gemini'),
        anthropic: far('anthropic'),
        certificateAuthority: folder.file('root.pem'),
      }),
    );
    const { agents } = parseConfiguration(withProvidersSimulator(development, folder.path)).services;
    expect(Object.keys(agents?.providers ?? {})).toEqual(['openai', 'anthropic']);
    expect(agents?.providers.openai).toMatchObject({
      origin: 'https://openai.example',
      apiKeyReadableInImage: 'test-openai-key',
      organization: 'org-test',
    });
  });

  it('stops the start if the simulator’s file describes no provider', () => {
    writeFileSync(folder.file('broken.json'), '{}');
    expect(() => withProvidersSimulator({ ...development, providersSimulator: 'broken.json' }, folder.path)).toThrow(
      'does not describe a simulator',
    );
  });

  it('is returned unchanged if it names no simulator, and refused by the production parser if it names one', () => {
    const { providersSimulator: _none, ...plain } = development;
    expect(withProvidersSimulator(plain, folder.path)).toBe(plain);
    expect(() => parseConfiguration(development)).toThrow('providersSimulator');
  });
});
