import { checkSettings, ParentSettingsError, type ParentSettings } from '../../parent/src';
import { bucketName, CERTIFICATE_SECRET, secretName } from '../names';
import { parentSettings, type Made } from '../parent-settings';
import type { Settings } from './parse-settings';

/** By variable of the gateway: the key of Pulumi.<stack>.yaml that sets it. */
export const KEY_OF_VARIABLE: Readonly<Record<string, string>> = {
  AUTH_ISSUER: 'authIssuer',
  AUTH_AUDIENCE: 'authAudience',
  AUTH_JWKS_URL: 'authJwksUrl',
  AUTH_JWKS_FILE: 'authJwksUrl',
  CORS_ORIGINS: 'corsOrigins',
  AGENTS: 'agents',
  RESIDENCE: 'residence',
  RESIDENCE_REGISTRAR: 'residenceRegistrar',
  RESIDENCE_KEYS: 'residenceKeys',
  RESIDENCE_FILES_URL: 'residenceFilesUrl',
};

/** By setting of the parent: the key of Pulumi.<stack>.yaml from which it comes. */
const KEY_OF_SETTING: Readonly<Record<string, string>> = {
  region: 'aws:region',
  egress: 'imageFolder',
  image: 'imageFolder',
  acceptedPcr0: 'acceptedPcr0',
  'enclave.cpuCount': 'enclaveCpuCount',
  'enclave.memoryMiB': 'enclaveMemoryMiB',
  'https.domain': 'domain',
  'https.email': 'alarmEmail',
  'https.networks': 'vpcCidr',
};

/**
 * Finds problems before anything is created. Otherwise the renderer of the parent's files or the gateway would report them later.
 * @returns the problems, each with its key of Pulumi.<stack>.yaml in front
 */
export function problemsOfParent(settings: Settings): string[] {
  try {
    checkSettings(exampleParent(settings));
    return [];
  } catch (error) {
    if (!(error instanceof ParentSettingsError)) throw error;
    return error.problems.map(byKey);
  }
}

/** The parent's settings, with invented values for what AWS will choose. */
export const exampleParent = (settings: Settings): ParentSettings => parentSettings(settings, madeUp(settings));

function byKey(problem: string): string {
  const at = problem.indexOf(': ');
  const [where, rule] = [problem.slice(0, at), problem.slice(at + 2)];
  const variable = /^gateway\.environment\.(.*)$/s.exec(where)?.[1];
  if (variable !== undefined)
    return Object.hasOwn(KEY_OF_VARIABLE, variable)
      ? `${KEY_OF_VARIABLE[variable]}: ${rule}`
      : `gatewayEnvironment: ${variable} ${rule}`;
  const setting = Object.keys(KEY_OF_SETTING).find((name) => where === name || where.startsWith(`${name}.`));
  if (setting === undefined) return problem;
  return `${KEY_OF_SETTING[setting]}: ${setting === where ? '' : `${where} `}${rule}`;
}

function madeUp({ stack, region, image, release, database, redis, enclaveSecrets, vpcCidr }: Settings): Made {
  const accountId = '123456789012';
  const secretArn = (path: string) =>
    `arn:aws:secretsmanager:${region}:${accountId}:secret:${secretName(stack, path)}-AbCdEf`;
  const secrets = [
    ...(database === 'external' ? ['gateway/database-url'] : []),
    ...(redis === 'external' ? ['gateway/redis-url'] : []),
    ...enclaveSecrets.map((name) => `enclave/${name}`),
    CERTIFICATE_SECRET,
  ];
  return {
    storeBucket: bucketName({ stack, region, accountId, partition: 'aws' }, 'images'),
    imageKey: `images/sha384/${image.sha384}.eif`,
    imageVersionId: 'version',
    releaseKey: `releases/${release.sha256}.tar.gz`,
    secretArns: Object.fromEntries(secrets.map((path) => [path, secretArn(path)])),
    database: { host: 'database.example.org', secretArn: secretArn('database') },
    redis: { host: 'redis.example.org', secretArn: secretArn('redis') },
    dataVolumeId: 'vol-0123456789abcdef0',
    elasticIpAllocationId: 'eipalloc-0123456789abcdef0',
    balancerNetworks: [vpcCidr],
    operatorPcr3: '3c'.repeat(48),
    residenceFiles: 'd111111abcdef8.cloudfront.net',
  };
}
