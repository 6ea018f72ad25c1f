import {
  LOG_GROUPS,
  type DatabaseSettings,
  type HttpsSettings,
  type ParentSettings,
  type RedisSettings,
} from '../parent/src';
import { kmsRegionsOf } from './config/enclave-image';
import type { Settings } from './config/parse-settings';
import { CERTIFICATE_SECRET, DATABASE_NAME, LAUNCH_HOOK, nameOf, PROJECT, REDIS_PORT } from './names';

/** What the parent's files need to know about the stack's resources. */
export interface Made {
  storeBucket: string;
  imageKey: string;
  imageVersionId: string;
  releaseKey: string;
  /** The ARNs of secrets by path, as in components/secrets.ts. */
  secretArns: Readonly<Record<string, string>>;
  database: { host: string; secretArn: string } | undefined;
  redis: { host: string; secretArn: string } | undefined;
  dataVolumeId: string | undefined;
  elasticIpAllocationId: string | undefined;
  /** CIDR blocks of the subnets from which the balancer connects. */
  balancerNetworks: readonly string[];
  /** PCR3 of enclaves under the parent's role. */
  operatorPcr3: string;
  /** Host name of the stack's CloudFront distribution for the registrar's files; undefined if the stack has none. */
  residenceFiles: string | undefined;
}

export const logGroupPrefix = (stack: string): string => `/${PROJECT}/${stack}`;
export const PARENT_LOG_GROUPS = LOG_GROUPS;

export function parentSettings(settings: Settings, made: Made): ParentSettings {
  const { image, release } = settings;
  const { 'gateway/database-url': databaseUrl, 'gateway/redis-url': redisUrl } = made.secretArns;
  return {
    stack: settings.stack,
    region: settings.region,
    storeBucket: made.storeBucket,
    image: { key: made.imageKey, versionId: made.imageVersionId, sha384: image.sha384, pcr0: image.pcr0 },
    release: { key: made.releaseKey, sha256: release.sha256, referenceString: release.referenceString },
    enclave: { cpuCount: settings.enclaveCpuCount, memoryMiB: settings.enclaveMemoryMiB },
    egress: image.routes,
    acceptedPcr0: settings.acceptedImages,
    operatorPcr3: made.operatorPcr3,
    gateway: {
      credentials: kmsRegionsOf(image.routes).length > 0,
      environment: {
        ...settings.gatewayEnvironment,
        AUTH_ISSUER: settings.authIssuer,
        AUTH_AUDIENCE: settings.authAudience,
        AUTH_JWKS_URL: settings.authJwksUrl,
        ...agentsVariables(settings),
        ...residenceVariables(settings, made),
        ...(settings.corsOrigins.length > 0 && { CORS_ORIGINS: settings.corsOrigins.join(',') }),
      },
    },
    secrets: {
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    },
    enclaveSecrets: Object.fromEntries(
      Object.entries(made.secretArns).flatMap(([path, arn]) =>
        path.startsWith('enclave/') ? [[path.slice('enclave/'.length), arn]] : [],
      ),
    ),
    database: databaseOf(settings, made),
    redis: redisOf(settings, made),
    https: httpsOf(settings, made),
    ...(made.elasticIpAllocationId !== undefined && { elasticIpAllocationId: made.elasticIpAllocationId }),
    launchHook: { group: nameOf(settings.stack, 'parent'), ...LAUNCH_HOOK },
    logGroupPrefix: logGroupPrefix(settings.stack),
  };
}

export function agentsVariables({ agents }: Pick<Settings, 'agents'>): Record<string, string> {
  return agents === 'on' ? { AGENTS: 'on' } : {};
}

/** The gateway's variables about residence; none while residence is off, even if the stack's other keys about residence are set. */
function residenceVariables(settings: Settings, { residenceFiles }: Made): Record<string, string> {
  const { residence, residenceRegistrar, residenceKeys, residenceFilesUrl } = settings;
  if (residence === 'off') return {};
  const files = residenceFilesUrl ?? (residenceFiles === undefined ? undefined : `https://${residenceFiles}/`);
  return {
    RESIDENCE: residence,
    ...(residenceRegistrar !== undefined && { RESIDENCE_REGISTRAR: residenceRegistrar }),
    ...(residenceKeys.length > 0 && { RESIDENCE_KEYS: residenceKeys.join(',') }),
    ...(files !== undefined && { RESIDENCE_FILES_URL: files }),
  };
}

function databaseOf(settings: Settings, { database, dataVolumeId }: Made): DatabaseSettings {
  if (settings.database === 'external') return { at: 'external' };
  if (settings.database === 'managed') {
    if (!database) throw new Error('database managed, and none was made');
    return { at: 'managed', host: database.host, port: 5432, name: DATABASE_NAME, secretArn: database.secretArn };
  }
  if (dataVolumeId === undefined) throw new Error('database parent, and no volume was made');
  return { at: 'parent', volumeId: dataVolumeId };
}

function redisOf(settings: Settings, { redis }: Made): RedisSettings {
  if (settings.redis !== 'managed') return { at: settings.redis };
  if (!redis) throw new Error('redis managed, and none was made');
  return { at: 'managed', host: redis.host, port: REDIS_PORT, secretArn: redis.secretArn };
}

function httpsOf({ balancer, domain, alarmEmail }: Settings, { balancerNetworks, secretArns }: Made): HttpsSettings {
  if (balancer !== 'none')
    return {
      by: 'balancer',
      networks: balancerNetworks,
      clientAddress: balancer === 'application' ? 'x-forwarded-for' : 'proxy-protocol',
    };
  const keptInSecret = secretArns[CERTIFICATE_SECRET];
  if (keptInSecret === undefined) throw new Error('no balancer, and no secret for the certificate was made');
  return { by: 'certbot', domain, email: alarmEmail, keptInSecret };
}
