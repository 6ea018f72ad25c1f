import { enclaveKeyPolicy, operatorKeyPolicy } from '@communique-tee/key-policies';
import { startKmsSimulator, type KmsSimulator } from '@communique-tee/kms-simulator';
import {
  CHAMBER_KEYS,
  chamberSecret,
  forEachChamber,
  PROVIDERS,
  type Chamber,
  type Provider,
} from '@communique-tee/protocol';
import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { Agent } from 'node:https';
import { join } from 'node:path';
import * as z from 'zod';
import type { DescribedCongress } from './congress';

const REGION = 'us-east-1';
const ACCOUNT = '123456789012';
const STACK = 'development';
const aliasArn = (key: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:alias/communique-tee-${STACK}-${key}`;
const principal = (role: string) => `arn:aws:iam::${ACCOUNT}:role/${role}`;

/**
 * A KMS simulator, and the settings with which enclave and gateway use it. The simulator has the two keys of a stack, with the key policies
 * that `infra` deploys.
 */
export interface KeyGuard {
  readonly kms: KmsSimulator;
  /** The gateway's environment variables: credentials of the parent's role, and the file of the enclave's secrets as ciphertext. */
  readonly gatewayEnvironment: Readonly<Record<string, string>>;
  /** Returns the configuration with custody `kms` under this simulator, and with the API keys as the operator's secrets. */
  configure(configuration: {
    readonly services: {
      readonly congress: Readonly<Record<string, unknown>>;
      readonly agents?: Readonly<Record<string, unknown>>;
    };
    readonly congressSimulator: string;
    readonly providersSimulator?: string;
  }): object;
  stop(): Promise<void>;
}

export interface KeyGuardOptions {
  readonly folder: string;
  readonly congress: DescribedCongress;
  /** The file in which the provider simulator describes itself, if the enclave takes tasks for models. */
  readonly providersFile?: string | undefined;
  /** By default the PCR0 of the development image. */
  readonly pcr0?: string;
  readonly rootPem?: string;
  readonly rotateAfterSeconds?: number;
}

const chamberSchema = z.object({ origin: z.string(), messagePath: z.string(), deduplicates: z.boolean() });
const describedSchema = z.object({ ...forEachChamber(() => chamberSchema), certificateAuthority: z.string() });

/** Reads which providers a configuration's model classes use. The simulator has more providers. */
const classesSchema = z.array(z.looseObject({ provider: z.enum(PROVIDERS) }));
const providerSchema = z.object({ origin: z.string(), apiKey: z.string(), organization: z.string().optional() });
const providersSchema = z.object({
  openai: providerSchema,
  gemini: providerSchema,
  anthropic: providerSchema,
  certificateAuthority: z.string(),
});
const providerSecret = (provider: Provider): string => `${provider}-api-key`;

export async function startKeyGuard({
  folder,
  congress,
  providersFile,
  pcr0 = developmentMeasurements.pcr0,
  rootPem,
  rotateAfterSeconds,
}: KeyGuardOptions): Promise<KeyGuard> {
  const policy = {
    place: { stack: STACK, region: REGION, accountId: ACCOUNT, partition: 'aws' },
    parentRoleArn: principal('parent'),
    acceptedImages: [{ pcr0 }],
    administrators: [principal('administrator')],
    operators: [principal('operator')],
  };
  const credentialsOf = (role: string) => ({
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
    principalArn: principal(role),
  });
  // The metadata service also gives a session token with a role's credentials
  const parent = { ...credentialsOf('parent'), sessionToken: randomBytes(64).toString('base64') };
  const operator = credentialsOf('operator');
  const kms = await startKmsSimulator({
    region: REGION,
    account: ACCOUNT,
    keys: [
      { alias: `alias/communique-tee-${STACK}-enclave`, policy: { ...enclaveKeyPolicy(policy) } },
      { alias: `alias/communique-tee-${STACK}-operator`, policy: { ...operatorKeyPolicy(policy) } },
    ],
    // The key policy names the operators, but each also needs an identity policy of the account that allows kms:Encrypt
    credentials: [
      parent,
      {
        ...operator,
        identityPolicy: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' }],
        },
      },
    ],
    trustAnchorPem: rootPem ?? (await developmentRootPem(join(folder, 'nsm'))),
  });
  const agent = new Agent({ ca: kms.certificateAuthority });
  const client = new KMSClient({
    region: REGION,
    endpoint: kms.origin,
    credentials: operator,
    requestHandler: { httpsAgent: agent },
  });
  try {
    const secrets: Record<string, string> = {};
    const models =
      providersFile === undefined
        ? undefined
        : providersSchema.parse(JSON.parse(await readFile(providersFile, 'utf8')));
    const modelAuthorities = models && (await readFile(models.certificateAuthority, 'utf8'));
    const keys: [string, string][] = CHAMBER_KEYS.map((each) => [chamberSecret(each), congress[each].apiKey]);
    if (models) keys.push(...PROVIDERS.map((each): [string, string] => [providerSecret(each), models[each].apiKey]));
    for (const [name, key] of keys) {
      const context = {
        'communique-tee:purpose': 'operator-secret',
        'communique-tee:stack': STACK,
        'communique-tee:secret': name,
      };
      const { CiphertextBlob = new Uint8Array() } = await client.send(
        new EncryptCommand({ KeyId: aliasArn('operator'), Plaintext: Buffer.from(key), EncryptionContext: context }),
      );
      secrets[name] = Buffer.from(CiphertextBlob).toString('base64');
    }
    const secretsFile = join(folder, 'enclave-secrets.json');
    await writeFile(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
    const described = describedSchema.parse(
      JSON.parse(await readFile(join(folder, 'congress', 'congress.json'), 'utf8')),
    );
    const certificateAuthorities = await readFile(described.certificateAuthority, 'utf8');
    const chamber = (own: unknown, which: Chamber) => ({
      ...(typeof own === 'object' && own),
      ...described[which],
      apiKeyReadableInImage: undefined,
      apiKeySecret: chamberSecret(which),
      certificateAuthorities,
    });
    const agents = (own: Readonly<Record<string, unknown>>) => {
      const named = new Set(classesSchema.parse(own['classes']).map(({ provider }) => provider));
      return {
        ...own,
        providers: Object.fromEntries(
          [...named].map((provider) => {
            const { apiKey: _sealed, ...far } = models?.[provider] ?? { apiKey: '' };
            return [
              provider,
              { ...far, apiKeySecret: providerSecret(provider), certificateAuthorities: modelAuthorities },
            ];
          }),
        ),
      };
    };
    return {
      kms,
      gatewayEnvironment: {
        ENCLAVE_SECRETS_FILE: secretsFile,
        AWS_ACCESS_KEY_ID: parent.accessKeyId,
        AWS_SECRET_ACCESS_KEY: parent.secretAccessKey,
        AWS_SESSION_TOKEN: parent.sessionToken,
      },
      configure: ({ congressSimulator: _simulator, providersSimulator: _providers, services, ...plain }) => ({
        ...plain,
        custody: {
          mode: 'kms',
          keyAlias: aliasArn('enclave'),
          ...(rotateAfterSeconds !== undefined && { rotateAfterSeconds }),
        },
        kms: { origin: kms.origin, certificateAuthorities: kms.certificateAuthority },
        secrets: { keyAlias: aliasArn('operator') },
        services: {
          congress: {
            ...services.congress,
            // Another enclave may deliver a message again to a chamber that does not de-duplicate; tests with such a chamber accept that
            // explicitly
            acceptReplayAcrossEnclaves: !CHAMBER_KEYS.every((which) => described[which].deduplicates),
            ...forEachChamber((which) => chamber(services.congress[which], which)),
          },
          ...(services.agents && { agents: agents(services.agents) }),
        },
      }),
      stop: () => kms.close(),
    };
  } catch (error) {
    await kms.close();
    throw error;
  } finally {
    client.destroy();
    agent.destroy();
  }
}
