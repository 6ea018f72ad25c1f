import { REFERENCE_STRING_NAME } from '@communique-tee/residence';

/** Where PostgreSQL or Redis runs: on the instance, as a service of AWS, or elsewhere (then its URL is a secret). */
export type DatabaseSettings =
  | { readonly at: 'parent'; readonly volumeId: string }
  /** RDS; `secretArn`: RDS's JSON of username and password. */
  | {
      readonly at: 'managed';
      readonly host: string;
      readonly port: number;
      readonly name: string;
      readonly secretArn: string;
    }
  /** DATABASE_URL is among `secrets`. */
  | { readonly at: 'external' };

export type RedisSettings =
  | { readonly at: 'parent' }
  /** ElastiCache; `secretArn`: its password. The host is here so that a new host replaces the parents. */
  | { readonly at: 'managed'; readonly host: string; readonly port: number; readonly secretArn: string }
  /** REDIS_URL is among `secrets`. */
  | { readonly at: 'external' };

export type HttpsSettings =
  /** A certificate of Let's Encrypt, or of another ACME directory (`acmeDirectory`: https URL). */
  | {
      readonly by: 'certbot';
      readonly domain: string;
      readonly email: string;
      readonly acmeDirectory?: string;
      /** ARN of the secret in which a parent keeps the certificate for the next parent. */
      readonly keptInSecret: string;
    }
  /** A load balancer with ACM. nginx believes the client address that connections from `networks` (the balancer's CIDR blocks) report. */
  | {
      readonly by: 'balancer';
      readonly networks: readonly string[];
      readonly clientAddress: 'x-forwarded-for' | 'proxy-protocol';
    };

/** One destination of the enclave, as in `egress.routes` of its measured configuration. */
export interface EgressRoute {
  readonly host: string;
  readonly port: number;
  readonly vsockPort: number;
}

/** Everything that the files of one stack's parent depend on. It contains no secret, only ARNs of secrets. */
export interface ParentSettings {
  readonly stack: string;
  readonly region: string;
  /** The versioned bucket of images, releases and the parent's own files. */
  readonly storeBucket: string;
  /** The enclave's image: `sha384` of the file and PCR0, 96 hexadecimal digits each. */
  readonly image: { readonly key: string; readonly versionId: string; readonly sha384: string; readonly pcr0: string };
  /** What `npm run ops -- release` built: `sha256` of the archive (64 hex digits), and whether it has the reference string (default no). */
  readonly release: { readonly key: string; readonly sha256: string; readonly referenceString?: boolean };
  readonly enclave: {
    readonly cpuCount: number;
    readonly memoryMiB: number;
    readonly cid?: number;
    readonly port?: number;
  };
  readonly egress: readonly EgressRoute[];
  /** PCR0 of every image that the gateway accepts; the one that runs is among them. */
  readonly acceptedPcr0: readonly string[];
  /** PCR3 of this parent's role, under which every accepted image must run. 96 hexadecimal digits. */
  readonly operatorPcr3: string;
  /** `environment`: variables of .env.example, without secrets and without `RESERVED_VARIABLES`. */
  readonly gateway: {
    /** Whether the gateway may ask the metadata service for credentials: true if the enclave uses KMS. Default false. */
    readonly credentials?: boolean;
    readonly port?: number;
    readonly metricsPort?: number;
    readonly memoryMiB?: number;
    readonly environment: Readonly<Record<string, string>>;
  };
  /** For each variable of the gateway, the ARN of the secret that is its value. */
  readonly secrets: Readonly<Record<string, string>>;
  /** For each secret that the enclave's configuration names, the ARN of the AWS secret with the KMS ciphertext in base64. */
  readonly enclaveSecrets: Readonly<Record<string, string>>;
  readonly database: DatabaseSettings;
  readonly redis: RedisSettings;
  readonly https: HttpsSettings;
  readonly elasticIpAllocationId?: string;
  /** The launch hook in which a new instance waits until its enclave is attested, and how long the group waits. */
  readonly launchHook: { readonly group: string; readonly name: string; readonly timeoutSeconds: number };
  /** Such as `/communique-tee/prod`; the groups below it are `LOG_GROUPS`. */
  readonly logGroupPrefix: string;
}

/** The file on the parent, in memory, with the enclave's secrets. Only the gateway's user may read it. */
export const ENCLAVE_SECRETS_FILE = '/run/communique-enclave-secrets/secrets.json';

/** The reference string on the parent, if the release has it: a page needs it to prove residence (tools/ops/release/contents.ts). */
export const REFERENCE_STRING_FILE = `/opt/communique/current/gateway/${REFERENCE_STRING_NAME}`;

export const DEFAULTS = {
  cid: 16,
  enclavePort: 5000,
  gatewayPort: 3001,
  metricsPort: 9464,
  gatewayMemoryMiB: 1024,
} as const;

/** Log groups under `logGroupPrefix`. */
export const LOG_GROUPS = ['gateway', 'enclave', 'parent', 'nginx', 'database', 'metrics'] as const;

/** Variables that `gateway.environment` may not set: the renderer sets them, or they would contradict what it sets. */
export const RESERVED_VARIABLES = [
  ...[
    'NODE_ENV',
    'PORT',
    'HOST',
    'TRUSTED_PROXIES',
    'METRICS_PORT',
    'METRICS_HOST',
    'AWS_REGION',
    'ENCLAVE_SECRETS_FILE',
    'RESIDENCE_REFERENCE_STRING_FILE',
  ],
  ...[
    'TEE_PROVIDER',
    'TEE_ENDPOINT',
    'ENCLAVE_URL',
    'ENCLAVE_URLS',
    'TEE_EXPECTED_CODE_HASH',
    'TEE_EXPECTED_OPERATOR',
    'TEE_ENABLE_ATTESTATION_VERIFICATION',
    'ATTESTATION_DEVELOPMENT_ROOT_FILE',
  ],
] as const;
