import { CHAMBER_KEYS, chamberSecret, PROVIDERS, RESIDENCE_ID_PATTERN } from '@communique-tee/protocol';
import * as z from 'zod';
import { measurement } from './enclave-image';
import {
  allocationId,
  availabilityZone,
  awsRegion,
  emailAddress,
  hostName,
  httpsOrigin,
  httpsUrl,
  listOf,
  network,
  oneOf,
  port,
  roleArn,
  securityGroupId,
  subnetId,
  vpcId,
  whole,
  yesNo,
} from './values';

export const STORE_PLACES = ['parent', 'managed', 'external'] as const;

export const ENCLAVE_SECRETS_BY_DEFAULT = CHAMBER_KEYS.map(chamberSecret);

/** Names of the secrets that only the enclave may read. Each value is ciphertext under the operator's key. */
export const ENCLAVE_SECRETS = [
  ...ENCLAVE_SECRETS_BY_DEFAULT,
  ...PROVIDERS.map((provider) => `${provider}-api-key` as const),
] as const;

const identifier = (max: number) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9:/._-]{1,${max}}$`), `1 to ${max} letters, digits, and any of : / . _ -`);

/** The path of a file on this machine. */
const path = z.string().regex(/^[^\p{C}]{1,1024}$/u, 'a path of 1 to 1024 characters');

/**
 * Every key of Pulumi.<stack>.yaml under `communique-tee:`. The documentation and `preview --help` print the text of `describe`.
 * Secrets (`pulumi config set --secret`) are in SECRET_KEYS.
 */
export const settingsShape = {
  addressOnly: yesNo
    .default(false)
    .describe('true: make only the registered addresses, before there is an image; no other key is needed'),
  addresses: listOf(allocationId, 2)
    .default([])
    .describe(
      'allocation ids of Elastic IPs that are yours, in place of addresses of the stack’s making; two with natPerZone',
    ),
  production: yesNo
    .default(false)
    .describe('true: deletion protection, final snapshots, several zones; settings that can lose data are refused'),
  instanceType: z
    .string()
    .regex(/^[a-z0-9.-]{1,32}$/, 'an EC2 instance type like c6g.xlarge')
    .default('c6g.xlarge')
    .describe('the type of the parent instance (src/instances/instance-types.ts)'),
  enclaveCpuCount: whole(1, 512)
    .optional()
    .describe('whole cores; CPU 0 and its siblings stay with the parent (default: 2, or 1 if the type has no more)'),
  enclaveMemoryMiB: whole(1, 1_000_000)
    .optional()
    .describe(
      'a multiple of 2, at least 64 and four times the image (default: 3072, or 1024 if the type has under 8 GiB)',
    ),
  instances: whole(1, 8)
    .default(1)
    .describe(
      'number of parents; more than 1 need a balancer, managed or external stores, an image of custody kms, and connect through NAT',
    ),
  maxInstances: whole(1, 32).optional().describe('most parents when the queue grows (default: instances)'),
  balancer: oneOf(['none', 'application', 'network'])
    .default('none')
    .describe('TLS with an ACM certificate in front of the parents'),
  balancerLogDays: whole(0, 3650)
    .default(30)
    .describe(
      "how long the balancer's access logs are kept; they hold clients' addresses and paths. 0: none are written",
    ),
  natPerZone: yesNo
    .default(false)
    .describe(
      'two registered addresses, and with several parents a NAT gateway in each zone, so that one zone may fail; a single parent uses only the first address',
    ),
  amiId: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, 'the id of an AMI like ami-0123456789abcdef0')
    .optional()
    .describe("the parent's AL2023 image; default: Amazon's newest, which replaces the instance when it changes"),
  rootVolumeGiB: whole(16, 1024).default(30).describe("size of the parent's root disk"),
  imageFolder: path
    .optional()
    .describe('where npm run image -- build wrote (default dist/image/<stack>-<architecture>)'),
  releaseFile: path
    .optional()
    .describe(
      'the programs of the parent, as npm run ops -- release made them (default dist/release/communique-tee-<architecture>.tar.gz)',
    ),
  acceptedPcr0: listOf(measurement, 8)
    .default([])
    .describe('images that may use the keys beside the one being deployed: the old one during a rollout'),
  operatorName: z
    .string()
    .regex(
      /^[^\p{C}\p{Z}](?:[^\p{C}]{0,98}[^\p{C}\p{Z}])?$/u,
      '1 to 100 characters without line breaks or space at the ends',
    )
    .optional()
    .describe('who runs the service, as people know you; published with PCR3, which is only a hash (default: domain)'),
  domain: hostName.describe("the service's host name"),
  hostedZone: hostName
    .optional()
    .describe('the Route 53 zone that the domain is in; without it the record is yours to make'),
  certificateArn: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:acm:[a-z0-9-]{1,32}:\d{12}:certificate\/[0-9a-f-]{36}$/,
      'the ARN of a certificate in ACM, in the region of the stack',
    )
    .optional()
    .describe(
      'a certificate of yours for the balancer, in place of one that the stack requests; hostedZone is then not needed',
    ),
  availabilityZones: listOf(availabilityZone, 2)
    .pipe(z.tuple([z.string(), z.string()], 'two different zones').refine(([a, b]) => a !== b, 'two different zones'))
    .describe(
      'two zones that offer instanceType; never changed afterwards, since subnets and the data volume are in them',
    ),
  vpcCidr: network
    .default('10.40.0.0/16')
    .describe('addresses of the network that the stack makes; only if vpcId is not set'),
  vpcId: vpcId
    .optional()
    .describe('a VPC of yours, in place of one that the stack makes; with publicSubnets and privateSubnets'),
  publicSubnets: listOf(subnetId, 2)
    .default([])
    .describe(
      'two subnets of vpcId with a route to an internet gateway, in the order of availabilityZones: for the balancer, and for a single parent',
    ),
  privateSubnets: listOf(subnetId, 2)
    .default([])
    .describe(
      'two subnets of vpcId in the same order, for stores and several parents; with several parents each needs a route to a NAT gateway',
    ),
  database: oneOf(STORE_PLACES)
    .default('managed')
    .describe('parent (one zone, refused in production), managed (RDS) or external (URL from a secret)'),
  databaseClass: z
    .string()
    .regex(/^db\.[a-z0-9]{1,16}\.[a-z0-9]{1,16}$/, 'an RDS instance class like db.t4g.micro')
    .default('db.t4g.micro')
    .describe('of RDS'),
  databaseStorageGiB: whole(20, 16_384).default(20).describe('disk of RDS; grows automatically up to four times this'),
  redis: oneOf(STORE_PLACES)
    .default('managed')
    .describe('parent (refused in production), managed (ElastiCache) or external (URL from a secret)'),
  redisNodeType: z
    .string()
    .regex(/^cache\.[a-z0-9]{1,16}\.[a-z0-9]{1,16}$/, 'an ElastiCache node type like cache.t4g.micro')
    .default('cache.t4g.micro')
    .describe('of ElastiCache'),
  externalPorts: listOf(port, 4)
    .default([])
    .describe('ports of PostgreSQL and Redis that are kept elsewhere (default 5432 and 6379)'),
  databaseUrlSecret: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]{1,32}:\d{12}:secret:[A-Za-z0-9/_+=.@!-]{1,500}-[A-Za-z0-9]{6}$/,
      'the whole ARN of a secret, with the six characters at its end',
    )
    .optional()
    .describe(
      'with database external: a secret of yours that holds the URL, in place of one that you fill during the first pulumi up',
    ),
  databaseSecurityGroup: securityGroupId
    .optional()
    .describe(
      'with database external and vpcId: the security group of your database, which the stack then opens only to the parents',
    ),
  dataVolumeGiB: whole(10, 1024).default(20).describe('the retained volume of PostgreSQL and Redis on the parent'),
  dataSnapshots: whole(1, 1000).default(7).describe('how many daily snapshots of that volume are kept'),
  enclaveSecrets: listOf(oneOf(ENCLAVE_SECRETS), 16)
    .default(ENCLAVE_SECRETS_BY_DEFAULT)
    .describe(`secrets holding ciphertext for the enclave: ${ENCLAVE_SECRETS.join(', ')}`),
  authIssuer: httpsUrl.describe('who signs the bearer tokens'),
  authAudience: identifier(256).optional().describe('whom the tokens are for (default: https://<domain>)'),
  authJwksUrl: httpsUrl
    .optional()
    .describe(
      "the issuer's public keys, the jwks_uri of its discovery document (default: .well-known/jwks.json below authIssuer)",
    ),
  gatewayEnvironment: z
    .string()
    .max(65_536, 'at most 65536 characters')
    .optional()
    .describe('further variables of .env.example as JSON, without secrets'),
  corsOrigins: listOf(httpsOrigin, 32).default([]).describe('origins whose pages may call from a browser'),
  agents: oneOf(['off', 'on'])
    .default('off')
    .describe(
      'whether people may ask a model; on needs services.agents in the image’s configuration and its keys in enclaveSecrets',
    ),
  residence: oneOf(['off', 'optional', 'required'])
    .default('off')
    .describe('whether messages carry a proof of residence; as in the image’s configuration'),
  residenceRegistrar: z
    .string()
    .regex(RESIDENCE_ID_PATTERN, '1 to 64 lower-case letters, digits and hyphens')
    .optional()
    .describe('the registrar’s id; required unless residence is off'),
  residenceKeys: listOf(z.string().max(200, 'at most 200 characters'), 2)
    .default([])
    .describe(
      'the registrar’s verifier keys, as `npm run ops -- registrar key show` prints them; two while the registrar replaces its key',
    ),
  residenceFilesUrl: httpsUrl
    .optional()
    .describe('where the registrar’s static files are (default: a bucket of the stack behind CloudFront)'),
  residencePublishers: listOf(roleArn, 8)
    .default([])
    .describe('who may upload to that bucket (default: keyAdministrators)'),
  keyAdministrators: listOf(roleArn, 8)
    .refine((arns) => arns.length > 0, 'at least one role')
    .describe(
      'roles or users that may change the policies of keys, and so run pulumi up: every deployer and CI; in production two or more',
    ),
  secretOperators: listOf(roleArn, 8)
    .default([])
    .describe("who may encrypt the enclave's secrets (default: keyAdministrators)"),
  alarmEmail: emailAddress.describe('where alarms and budget warnings go'),
  monthlyBudgetUsd: whole(1, 1_000_000).describe('monthly budget of the stack; AWS warns at 80 %'),
  logRetentionDays: whole(1, 3653).default(30).describe('one of the numbers CloudWatch knows'),
  auditTrail: oneOf(['create', 'existing'])
    .default('create')
    .describe('the CloudTrail that the alarm on key policies needs; existing: the account has one'),
  imageBuild: yesNo
    .default(false)
    .describe('a CodeBuild project that builds images in the account, beside building them elsewhere'),
  imageBuildRepository: httpsUrl.optional().describe('what CodeBuild clones; required with imageBuild'),
  imageBuildCommit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, 'a full commit id: 40 hexadecimal digits in lower case')
    .optional()
    .describe('the commit that CodeBuild builds; required with imageBuild'),
  imageBuildDebianMirror: listOf(httpsUrl, 2)
    .default([])
    .describe(
      "a Debian archive for CodeBuild, whose own system is Ubuntu, then Debian's security archive (default: the first with -security at its end); required with imageBuild. A snapshot archive keeps the versions of image/image.lock.json",
    ),
} as const;

const secretText = z
  .string()
  .min(16, 'at least 16 characters')
  .max(128, 'at most 128 characters')
  // ElastiCache takes !&#$^<>- beside letters and digits, and nothing else.
  .regex(/^[A-Za-z0-9-]+$/, 'letters, digits and -, which ElastiCache takes and a URL need not quote');

export const secretShape = {
  redisAuthToken: secretText.describe('the password of ElastiCache; required with redis managed'),
} as const;

export const settingsSchema = z.strictObject({
  ...settingsShape,
  redisAuthToken: secretShape.redisAuthToken.optional(),
});

export const regionSchema = awsRegion;
export type RawSettings = z.output<typeof settingsSchema>;
export const SECRET_KEYS = Object.keys(secretShape) as (keyof typeof secretShape)[];
