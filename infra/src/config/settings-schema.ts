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

/** The API keys that only the enclave may decrypt. Each secret's value is ciphertext under the operator's KMS key. */
export const ENCLAVE_SECRETS = [
  ...ENCLAVE_SECRETS_BY_DEFAULT,
  ...PROVIDERS.map((provider) => `${provider}-api-key` as const),
] as const;

const identifier = (max: number) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9:/._-]{1,${max}}$`), `1 to ${max} letters, digits, and any of : / . _ -`);

const path = z.string().regex(/^[^\p{C}]{1,1024}$/u, 'a path of 1 to 1024 characters');

/**
 * Every key of Pulumi.<stack>.yaml under `communique-tee:`, except the secrets in secretShape. `preview --help` prints the text of
 * `describe`.
 */
export const settingsShape = {
  addressOnly: yesNo
    .default(false)
    .describe('true: make only the registered addresses, before there is an image; no other key is needed'),
  addresses: listOf(allocationId, 2)
    .default([])
    .describe(
      'allocation ids of your own Elastic IPs, which the stack uses instead of making addresses; two with natPerZone',
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
    .describe(
      'CPUs of the enclave, in whole cores; CPU 0 and its siblings stay with the parent (default: 2, or 1 if the type can spare only 1)',
    ),
  enclaveMemoryMiB: whole(1, 1_000_000)
    .optional()
    .describe(
      'memory of the enclave: a multiple of 2, at least 64, and at least four times the size of the image (default: 3072, or 1024 if the type has under 8 GiB)',
    ),
  instances: whole(1, 8)
    .default(1)
    .describe(
      'number of parents; several parents need a balancer, managed or external stores, and an image of custody kms. Several parents reach the internet through a NAT gateway',
    ),
  maxInstances: whole(1, 32)
    .optional()
    .describe('largest number of parents, to which the stack grows while messages wait (default: instances)'),
  balancer: oneOf(['none', 'application', 'network'])
    .default('none')
    .describe(
      'load balancer in front of the parents, with an ACM certificate; none: nginx on the parent has a certificate of Let’s Encrypt',
    ),
  balancerLogDays: whole(0, 3650)
    .default(30)
    .describe(
      "days for which the balancer's access logs are kept; they contain clients' addresses and paths. 0: the balancer writes no logs",
    ),
  natPerZone: yesNo
    .default(false)
    .describe(
      'true: register two addresses, and give several parents a NAT gateway in each zone, so that one zone may fail; a single parent uses only the first address',
    ),
  amiId: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, 'the id of an AMI like ami-0123456789abcdef0')
    .optional()
    .describe(
      "the parent's AL2023 image (default: Amazon's newest; a newer image replaces the instances at the next pulumi up)",
    ),
  rootVolumeGiB: whole(16, 1024).default(30).describe("size of the parent's root disk"),
  imageFolder: path
    .optional()
    .describe('the folder that npm run image -- build wrote (default: dist/image/<stack>-<architecture>)'),
  releaseFile: path
    .optional()
    .describe(
      "the archive of the parent's programs that npm run ops -- release made (default: dist/release/communique-tee-<architecture>.tar.gz)",
    ),
  acceptedPcr0: listOf(measurement, 8)
    .default([])
    .describe('PCR0 of each further image that may use the keys, such as the previous image during a rollout'),
  operatorName: z
    .string()
    .regex(
      /^[^\p{C}\p{Z}](?:[^\p{C}]{0,98}[^\p{C}\p{Z}])?$/u,
      '1 to 100 characters without line breaks or space at the ends',
    )
    .optional()
    .describe('the operator’s name, published beside PCR3, which is only a hash (default: domain)'),
  domain: hostName.describe("the service's host name"),
  hostedZone: hostName
    .optional()
    .describe('the Route 53 zone that contains the domain; without it you make the DNS record yourself'),
  certificateArn: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:acm:[a-z0-9-]{1,32}:\d{12}:certificate\/[0-9a-f-]{36}$/,
      'the ARN of a certificate in ACM, in the region of the stack',
    )
    .optional()
    .describe(
      'your own certificate for the balancer, instead of one that the stack requests; the balancer then does not need hostedZone',
    ),
  availabilityZones: listOf(availabilityZone, 2)
    .pipe(z.tuple([z.string(), z.string()], 'two different zones').refine(([a, b]) => a !== b, 'two different zones'))
    .describe(
      'two zones that offer instanceType; never change them later, since subnets and the data volume are in them',
    ),
  vpcCidr: network
    .default('10.40.0.0/16')
    .describe('addresses of the network that the stack makes; not used with vpcId'),
  vpcId: vpcId
    .optional()
    .describe('your own VPC, instead of one that the stack makes; set publicSubnets and privateSubnets too'),
  publicSubnets: listOf(subnetId, 2)
    .default([])
    .describe(
      'two subnets of vpcId with a route to an internet gateway, in the order of availabilityZones, for the balancer and for a single parent',
    ),
  privateSubnets: listOf(subnetId, 2)
    .default([])
    .describe(
      'two subnets of vpcId, in the order of availabilityZones, for the managed stores and for several parents. Several parents need a route to a NAT gateway in each subnet',
    ),
  database: oneOf(STORE_PLACES)
    .default('managed')
    .describe(
      'where PostgreSQL runs: parent (one zone, refused in production), managed (RDS) or external (URL from a secret)',
    ),
  databaseClass: z
    .string()
    .regex(/^db\.[a-z0-9]{1,16}\.[a-z0-9]{1,16}$/, 'an RDS instance class like db.t4g.micro')
    .default('db.t4g.micro')
    .describe('the instance class of RDS'),
  databaseStorageGiB: whole(20, 16_384)
    .default(20)
    .describe('disk of RDS; it grows automatically to at most four times this size'),
  redis: oneOf(STORE_PLACES)
    .default('managed')
    .describe(
      'where Redis runs: parent (refused in production), managed (ElastiCache) or external (URL from a secret)',
    ),
  redisNodeType: z
    .string()
    .regex(/^cache\.[a-z0-9]{1,16}\.[a-z0-9]{1,16}$/, 'an ElastiCache node type like cache.t4g.micro')
    .default('cache.t4g.micro')
    .describe('the node type of ElastiCache'),
  externalPorts: listOf(port, 4)
    .default([])
    .describe('ports of an external PostgreSQL and an external Redis (default: 5432 and 6379)'),
  databaseUrlSecret: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]{1,32}:\d{12}:secret:[A-Za-z0-9/_+=.@!-]{1,500}-[A-Za-z0-9]{6}$/,
      'the whole ARN of a secret, with the six characters at its end',
    )
    .optional()
    .describe(
      'with database external: your own secret with the URL, instead of a secret of the stack that you fill during the first pulumi up',
    ),
  databaseSecurityGroup: securityGroupId
    .optional()
    .describe(
      'with database external and vpcId: the security group of your database, to which the stack adds a rule that admits the parents',
    ),
  dataVolumeGiB: whole(10, 1024).default(20).describe('the volume of PostgreSQL on the parent'),
  dataSnapshots: whole(1, 1000).default(7).describe('how many daily snapshots of the data volume are kept'),
  enclaveSecrets: listOf(oneOf(ENCLAVE_SECRETS), 16)
    .default(ENCLAVE_SECRETS_BY_DEFAULT)
    .describe(`secrets with ciphertext for the enclave, any of ${ENCLAVE_SECRETS.join(', ')}`),
  authIssuer: httpsUrl.describe('the issuer that signs the bearer tokens'),
  authAudience: identifier(256).optional().describe('the audience that tokens must name (default: https://<domain>)'),
  authJwksUrl: httpsUrl
    .optional()
    .describe(
      "where the issuer's public keys are: the jwks_uri of its discovery document (default: .well-known/jwks.json below authIssuer)",
    ),
  gatewayEnvironment: z
    .string()
    .max(65_536, 'at most 65536 characters')
    .optional()
    .describe('further variables of the gateway (.env.example) as JSON, without secrets'),
  corsOrigins: listOf(httpsOrigin, 32).default([]).describe('web origins whose pages may call the gateway'),
  agents: oneOf(['off', 'on'])
    .default('off')
    .describe(
      'whether people may give tasks to a model; on needs services.agents in the image’s configuration, and its API keys in enclaveSecrets',
    ),
  residence: oneOf(['off', 'optional', 'required'])
    .default('off')
    .describe('whether messages carry a proof of residence; must be the mode in the image’s configuration'),
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
    .describe('the address of the registrar’s static files (default: a bucket of the stack behind CloudFront)'),
  residencePublishers: listOf(roleArn, 8)
    .default([])
    .describe('roles that may upload the registrar’s files to the stack’s bucket (default: keyAdministrators)'),
  keyAdministrators: listOf(roleArn, 8)
    .refine((arns) => arns.length > 0, 'at least one role')
    .describe(
      'roles or users that may change the policies of keys, and therefore may run pulumi up: every deployer and CI; in production at least two',
    ),
  secretOperators: listOf(roleArn, 8)
    .default([])
    .describe("roles that may encrypt the enclave's secrets (default: keyAdministrators)"),
  alarmEmail: emailAddress.describe('the email address that gets alarms and budget warnings'),
  monthlyBudgetUsd: whole(1, 1_000_000).describe('monthly budget of the stack; AWS warns at 80 % and at 100 %'),
  logRetentionDays: whole(1, 3653)
    .default(30)
    .describe('days for which logs are kept; one of the numbers that CloudWatch accepts'),
  auditTrail: oneOf(['create', 'existing'])
    .default('create')
    .describe('create: make the CloudTrail that the alarm on key policies needs; existing: the account has one'),
  imageBuild: yesNo
    .default(false)
    .describe('true: make a CodeBuild project that builds the image in the account a second time, for comparison'),
  imageBuildRepository: httpsUrl.optional().describe('the repository that CodeBuild clones; required with imageBuild'),
  imageBuildCommit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, 'a full commit id: 40 hexadecimal digits in lower case')
    .optional()
    .describe('the commit that CodeBuild builds; required with imageBuild'),
  imageBuildDebianMirror: listOf(httpsUrl, 2)
    .default([])
    .describe(
      "the address of a Debian archive, because CodeBuild runs Ubuntu; required with imageBuild. A second address names Debian's security archive (default: the first address with -security at its end). A snapshot archive keeps the package versions that image/image.lock.json names",
    ),
} as const;

const secretText = z
  .string()
  .min(16, 'at least 16 characters')
  .max(128, 'at most 128 characters')
  // ElastiCache also accepts !&#$^<>.
  .regex(/^[A-Za-z0-9-]+$/, 'only letters, digits and -, which a URL can contain without quoting');

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
