import type { ParentSettings } from '../settings';

const pcr0 = 'ab'.repeat(48);

/** Settings of a development stack, with everything on the parent. */
export const ON_PARENT: ParentSettings = {
  stack: 'dev',
  region: 'us-east-1',
  storeBucket: 'communique-dev-store-0a1b2c3d',
  image: { key: `images/${pcr0}.eif`, versionId: 'Zy3.x_-1', sha384: 'cd'.repeat(48), pcr0 },
  release: { key: `releases/${'ef'.repeat(32)}.tar.gz`, sha256: 'ef'.repeat(32) },
  enclave: { cpuCount: 2, memoryMiB: 3072 },
  egress: [
    { host: 'cwc.house.gov', port: 443, vsockPort: 8001 },
    { host: 'soapbox.senate.gov', port: 443, vsockPort: 8002 },
    { host: 'kms.us-east-1.amazonaws.com', port: 443, vsockPort: 8003 },
  ],
  acceptedPcr0: [pcr0, '12'.repeat(48)],
  operatorPcr3: '34'.repeat(48),
  gateway: {
    credentials: true,
    environment: {
      AUTH_ISSUER: 'https://id.example.org/',
      AUTH_AUDIENCE: 'communique',
      AUTH_JWKS_URL: 'https://id.example.org/jwks',
      DEFAULT_USER_DAILY_LIMIT: '10.00',
      MESSAGES_PER_USER_DAY: '20',
      SYSTEM_HOURLY_LIMIT: '100.00',
      EMERGENCY_SHUTDOWN_THRESHOLD: '500.00',
    },
  },
  secrets: {},
  enclaveSecrets: {
    'cwc-house': 'arn:aws:secretsmanager:us-east-1:123456789012:secret:communique-tee/dev/enclave/cwc-house-AbCdEf',
  },
  database: { at: 'parent', volumeId: 'vol-0123456789abcdef0' },
  redis: { at: 'parent' },
  https: {
    by: 'certbot',
    domain: 'communique.example.org',
    email: 'operations@example.org',
    keptInSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:communique-tee/dev/parent/certificate-AbCdEf',
  },
  elasticIpAllocationId: 'eipalloc-0123456789abcdef0',
  launchHook: { group: 'communique-tee-dev-parent', name: 'enclave-attested', timeoutSeconds: 1800 },
  logGroupPrefix: '/communique/dev',
};

const secret = (name: string) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:communique/${name}-AbCdEf`;

/** Settings of a production stack, with RDS, ElastiCache and a balancer. */
export const MANAGED: ParentSettings = {
  ...withoutAddress(ON_PARENT),
  stack: 'prod',
  database: {
    at: 'managed',
    host: 'db.abc.us-east-1.rds.amazonaws.com',
    port: 5432,
    name: 'communique',
    secretArn: secret('rds'),
  },
  redis: { at: 'managed', host: 'master.redis.example.com', port: 6379, secretArn: secret('redis') },
  secrets: {},
  https: { by: 'balancer', networks: ['10.20.0.0/20', '10.20.16.0/20'], clientAddress: 'x-forwarded-for' },
  logGroupPrefix: '/communique/prod',
};

/** Settings with external PostgreSQL and Redis, a network balancer, and an enclave without KMS. */
export const EXTERNAL: ParentSettings = {
  ...MANAGED,
  stack: 'staging',
  egress: MANAGED.egress.slice(0, 2),
  gateway: { environment: MANAGED.gateway.environment },
  database: { at: 'external' },
  redis: { at: 'external' },
  enclaveSecrets: {},
  secrets: { REDIS_URL: secret('redis'), DATABASE_URL: secret('database') },
  https: { by: 'balancer', networks: ['10.20.0.0/16'], clientAddress: 'proxy-protocol' },
};

export const EXAMPLES = [
  ['everything on the parent', ON_PARENT],
  ['managed', MANAGED],
  ['external', EXTERNAL],
] as const;

function withoutAddress({ elasticIpAllocationId: _left, ...rest }: ParentSettings): ParentSettings {
  return rest;
}
