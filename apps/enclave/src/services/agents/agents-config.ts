import { PRICE_TABLE, type PriceTable } from '@communique-tee/agents';
import {
  LIMITS,
  PROVIDERS,
  SECRET_NAME,
  TASKS,
  maxOutputTokensSchema,
  modelClassSchema,
  modelNameSchema,
  type Provider,
} from '@communique-tee/protocol';
import * as z from 'zod';
import { authoritiesSchema, destinationOf, originSchema, type Destination } from '../../egress';
import { secretValueSchema } from '../../identity/secrets/operator-secrets';

const providerMembers = {
  origin: originSchema,
  /** PEM of the roots that may sign this provider's certificate. Only these are trusted, so there is no default. */
  certificateAuthorities: authoritiesSchema,
  /** Anyone who has the image can read it. */
  apiKeyReadableInImage: secretValueSchema.optional(),
  /**
   * The name of an operator's secret, instead of a readable key. KMS decrypts it only for attested enclaves that the policy of the KMS key
   * names.
   */
  apiKeySecret: z.string().regex(SECRET_NAME).optional(),
};
const providerSchema = <Members extends z.core.$ZodLooseShape>(more: Members) =>
  z.strictObject({ ...providerMembers, ...more }).refine(hasOneApiKey, {
    path: ['apiKeyReadableInImage'],
    error: 'either apiKeyReadableInImage or apiKeySecret',
    when: ({ value }) => typeof value === 'object' && value !== null,
  });

const MAX_EXCHANGE_MS = (LIMITS.taskSeconds - 5) * 1000;

export const agentsConfigSchema = z.strictObject({
  providers: z.strictObject({
    /** Without `organization`, the enclave sends no organization header. */
    openai: providerSchema({
      organization: z
        .string()
        .regex(/^org-[A-Za-z0-9_-]{1,100}$/)
        .optional(),
    }).optional(),
    gemini: providerSchema({}).optional(),
    anthropic: providerSchema({}).optional(),
  }),
  /** The models that people can choose. Each `id` is the operator's short name for one exact model. */
  classes: z
    .array(
      z.strictObject({
        id: modelClassSchema,
        provider: z.enum(PROVIDERS),
        model: modelNameSchema,
        tasks: z
          .array(z.enum(TASKS))
          .min(1)
          .max(TASKS.length)
          .refine((tasks) => new Set(tasks).size === tasks.length, 'each task once')
          .default([...TASKS]),
        maxOutputTokens: maxOutputTokensSchema.default(1024),
      }),
    )
    .min(1)
    .max(16)
    .refine((classes) => new Set(classes.map(({ id }) => id)).size === classes.length, 'each id once'),
  limits: z
    .strictObject({
      /**
       * Tasks that may run at the same time; further tasks get `enclave_busy`. At most half of a gateway's connections, because mail needs
       * the rest. With several providers, each gets less than half of these places, but at least one (running-tasks.ts).
       */
      maxConcurrent: z.int().min(1).max(32).default(8),
      /**
       * The enclave keeps each reply (about 20 KiB) for ten minutes. While it keeps this many paid replies, new tasks get `enclave_busy`.
       */
      maxRememberedReplies: z.int().min(10).max(10_000).default(512),
      /** For the whole exchange with a provider: 85 s, because the gateway waits for 90 s. */
      timeoutMs: z.int().min(100).max(MAX_EXCHANGE_MS).default(MAX_EXCHANGE_MS),
    })
    .prefault({}),
});
export type AgentsConfig = z.output<typeof agentsConfigSchema>;
export type ModelClass = AgentsConfig['classes'][number];
export type ProviderConfig = NonNullable<AgentsConfig['providers'][Provider]> & { organization?: string | undefined };

export function providersOf({ providers }: AgentsConfig): [Provider, ProviderConfig][] {
  return PROVIDERS.flatMap((provider): [Provider, ProviderConfig][] => {
    const config = providers[provider];
    return config === undefined ? [] : [[provider, config]];
  });
}

/** Returns the destinations that egress must allow for this configuration. */
export function agentsDestinations(config: AgentsConfig): Destination[] {
  return providersOf(config).map(([, { origin }]) => destinationOf(origin));
}

/** Returns the names of the operator's secrets that the providers need, without repetitions. */
export function agentsSecrets(config: AgentsConfig): string[] {
  return [...new Set(providersOf(config).flatMap(([, { apiKeySecret }]) => apiKeySecret ?? []))];
}

/**
 * Returns the problems of a configuration that fits the schema. A model without a row in the price table has no price and no known request
 * shape, so the enclave does not start with it.
 */
export function agentsProblems(config: AgentsConfig, table: PriceTable = PRICE_TABLE): string[] {
  const hasRow = ({ provider, model }: ModelClass) =>
    table.rows.some((row) => row.shape.provider === provider && row.model === model);
  const used = new Set(config.classes.map(({ provider }) => provider));
  return [
    ...config.classes.flatMap((each, at) => [
      ...(config.providers[each.provider] ? [] : [`classes.${String(at)}.provider: not among providers`]),
      ...(hasRow(each) ? [] : [`classes.${String(at)}.model: not in the price table of this image (docs/agents.md)`]),
    ]),
    ...providersOf(config).flatMap(([provider]) =>
      used.has(provider) ? [] : [`providers.${provider}: no class uses it`],
    ),
  ];
}

/** This check runs even if other fields are wrong, so that all errors are reported at once. */
function hasOneApiKey(provider: { apiKeyReadableInImage?: unknown; apiKeySecret?: unknown }): boolean {
  return (provider.apiKeyReadableInImage === undefined) !== (provider.apiKeySecret === undefined);
}
