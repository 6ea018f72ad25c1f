import { STACK_TAG, type Place } from '@communique-tee/key-policies';

export { accountRoot, STACK_TAG, type Place } from '@communique-tee/key-policies';

export const PROJECT = 'communique-tee';

export const stackTags = (stack: string, production: boolean): Record<string, string> => ({
  [STACK_TAG]: stack,
  Project: PROJECT,
  Environment: production ? 'production' : 'development',
  ManagedBy: 'pulumi',
});

/** `communique-tee-<stack>`, or with `-<part>`. */
export const nameOf = (stack: string, part?: string): string =>
  [PROJECT, stack, part].filter((piece) => piece !== undefined).join('-');

/** Of PostgreSQL's database and of its owner. */
export const DATABASE_NAME = 'communique';
export const REDIS_PORT = 6379;

/** Bucket names are shared by all of AWS: account and region make this one ours. */
export const bucketName = ({ stack, accountId, region }: Place, part: string): string =>
  `${nameOf(stack, part)}-${accountId}-${region}`;

/** A new parent stays in it until its gateway says that its enclave is attested; then it is ended and another one tried. */
export const LAUNCH_HOOK = { name: 'enclave-attested', timeoutSeconds: 1800 } as const;

/** How long the first `pulumi up` waits for attested parents: a hook, and the start of an instance before it. */
export const CAPACITY_WAIT_SECONDS = LAUNCH_HOOK.timeoutSeconds + 600;

/** What an enclave's configuration names in the image, before any key exists. */
export const ENCLAVE_KEY_ALIAS = 'enclave';
export const OPERATOR_KEY_ALIAS = 'operator';
export const aliasName = (stack: string, key: string): string => `alias/${nameOf(stack, key)}`;

export const secretName = (stack: string, path: string): string => `${PROJECT}/${stack}/${path}`;
/** The log of CodeBuild. It does not record what the service did, and exists only with the key `imageBuild`. */
export const BUILD_LOG = 'image-build';
/** If no balancer has the certificate, parents keep theirs here for the next one. */
export const CERTIFICATE_SECRET = 'parent/certificate';
/** The password of a managed Redis, out of the stack's configuration. */
export const REDIS_TOKEN_SECRET = 'gateway/redis-token';
/** The bucket of the balancer's access logs. */
export const ACCESS_LOGS = 'access';
/** The tag of a registered address: "parent" if a parent takes it, "nat" if a NAT gateway has it. Parents read it (address-holder). */
export const HELD_BY_TAG = `${PROJECT}:held-by`;
export const logGroupName = (stack: string, part: string): string => `/${PROJECT}/${stack}/${part}`;

export const arnOf = ({ partition, region, accountId }: Place, service: string, resource: string): string =>
  `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
