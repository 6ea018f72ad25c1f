import { ConfigError } from '../config/config-error';
import { parseSettings, type Settings } from '../config/parse-settings';
import { notBuilt } from '../config/stand-ins';

/** An accepted value for each key; together they are accepted too. */
export const ACCEPTED: Readonly<Record<string, string>> = {
  addressOnly: 'false',
  addresses: 'eipalloc-0123456789abcdef0',
  production: 'false',
  instanceType: 'c6g.xlarge',
  enclaveCpuCount: '2',
  enclaveMemoryMiB: '3072',
  instances: '1',
  maxInstances: '1',
  balancer: 'none',
  balancerLogDays: '30',
  natPerZone: 'false',
  amiId: 'ami-0123456789abcdef0',
  rootVolumeGiB: '30',
  imageFolder: 'dist/image/dev-arm64',
  releaseFile: 'dist/release/communique-tee-arm64.tar.gz',
  acceptedPcr0: 'ab'.repeat(48),
  operatorName: 'Example Union',
  domain: 'dev.communique.example.org',
  hostedZone: 'example.org',
  certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012',
  availabilityZones: 'us-east-1a,us-east-1b',
  vpcCidr: '10.40.0.0/16',
  vpcId: 'vpc-0123456789abcdef0',
  publicSubnets: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
  privateSubnets: 'subnet-0123456789abcdef2,subnet-0123456789abcdef3',
  database: 'parent',
  databaseClass: 'db.t4g.micro',
  databaseStorageGiB: '20',
  redis: 'managed',
  redisNodeType: 'cache.t4g.micro',
  redisAuthToken: 'abcdefghijklmnop',
  externalPorts: '5432,6379',
  databaseUrlSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:database-url-AbCdEf',
  databaseSecurityGroup: 'sg-0123456789abcdef0',
  dataVolumeGiB: '20',
  dataSnapshots: '7',
  enclaveSecrets: 'cwc-house,cwc-senate',
  authIssuer: 'https://id.example.org/',
  authAudience: 'communique',
  authJwksUrl: 'https://id.example.org/jwks.json',
  gatewayEnvironment: '{"AUTH_ADMIN_SCOPE":"communique:admin"}',
  corsOrigins: 'https://app.example.org',
  agents: 'on',
  residence: 'off',
  residenceRegistrar: 'example-registrar',
  residenceKeys: 'example-registrar+e1a1d779+AUvq3isjNDC5cYuqzs8P4FHLIqILbXmlqfxa2HOI4vc8',
  residenceFilesUrl: 'https://registrar.example.org/tree/',
  residencePublishers: 'arn:aws:iam::123456789012:role/registrar',
  keyAdministrators: 'arn:aws:iam::123456789012:role/administrator',
  secretOperators: 'arn:aws:iam::123456789012:role/operator',
  alarmEmail: 'operator@example.org',
  monthlyBudgetUsd: '100',
  logRetentionDays: '30',
  auditTrail: 'create',
  imageBuild: 'false',
  imageBuildRepository: 'https://git.example.org/communique-tee',
  imageBuildCommit: 'c'.repeat(40),
  imageBuildDebianMirror: 'https://mirror.example.org/debian',
};

/** Changes by key; undefined removes the key. */
type Changes = Readonly<Record<string, string | undefined>>;

/** The values as Pulumi passes them to the program. */
export const valuesOf = (changes: Changes): Record<string, string> => ({
  'aws:region': 'us-east-1',
  ...Object.fromEntries(
    Object.entries({ ...ACCEPTED, ...changes }).flatMap(([key, value]) =>
      value === undefined ? [] : [[`communique-tee:${key}`, value]],
    ),
  ),
});

/** Parses stack dev with ACCEPTED and these changes. @returns the settings, or the problems @throws any error but ConfigError */
export function parsed(changes: Changes): Settings | readonly string[] {
  try {
    return parseSettings('dev', valuesOf(changes), { root: '/nowhere', standIn: notBuilt });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

export const isRefused = (answer: Settings | readonly string[]): answer is readonly string[] => Array.isArray(answer);
