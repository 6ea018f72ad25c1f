import { PROVIDERS, type Provider } from '@communique-tee/protocol';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { ConfigurationError } from '../runtime/configuration-file';

const providerSchema = z.object({ origin: z.string(), apiKey: z.string() });
/** The file that `test/providers` writes beside its certificates when it starts. */
const describedSchema = z.object({
  openai: providerSchema.extend({ organization: z.string().optional() }),
  gemini: providerSchema,
  anthropic: providerSchema,
  /** Path of the authority's PEM file. */
  certificateAuthority: z.string(),
});

const developmentSchema = z.looseObject({
  providersSimulator: z.string(),
  services: z.looseObject({
    agents: z.looseObject({ classes: z.array(z.looseObject({ provider: z.enum(PROVIDERS) })) }).optional(),
  }),
});

/**
 * Fills in the address, API key and certificate authority of the simulator for each provider that a class names. These come from the file
 * that the configuration names as `providersSimulator`. If this file does not exist, the agents service is off. Returns a configuration
 * without `providersSimulator` unchanged.
 */
export function withProvidersSimulator(value: unknown, folder: string): unknown {
  const development = developmentSchema.safeParse(value);
  if (!development.success) return value;
  const { providersSimulator, services, ...configuration } = development.data;
  const { agents, ...others } = services;
  const far = agents && describedIn(resolve(folder, providersSimulator));
  if (!far) return { ...configuration, services: others };
  const named = new Set(agents.classes.map(({ provider }) => provider));
  const providers = Object.fromEntries([...named].map((provider) => [provider, far(provider)]));
  return { ...configuration, services: { ...others, agents: { ...agents, providers } } };
}

function describedIn(file: string): ((provider: Provider) => object) | undefined {
  if (!existsSync(file)) {
    process.stderr.write('The provider simulator has not run here yet: tasks for models are off.\n');
    return undefined;
  }
  const described = describedSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!described.success) throw new ConfigurationError([`${file} does not describe a simulator`]);
  const certificateAuthorities = readFileSync(described.data.certificateAuthority, 'utf8');
  return (provider) => {
    const { apiKey, ...own } = described.data[provider];
    return { ...own, apiKeyReadableInImage: apiKey, certificateAuthorities };
  };
}
